// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"maps"
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// story is something that the operator has to do in a cell.
type story struct {
	// given makes what the operator finds in order; nil for nothing.
	given func(*cell)
	// then is what happens next.
	then func(*cell)
	// ends is how the RoomSecret stands in the end; empty when it is gone.
	ends string
}

const (
	gone          = ""
	leaving       = "leaving"
	sourceMissing = "False/" + string(roomv1alpha1.ReasonSourceNotFound)
	pruneBlocked  = "False/" + string(roomv1alpha1.ReasonPruneBlocked)
)

// beginnings returns the stories in which a RoomSecret is new, and nothing else happens.
func beginnings() map[string]story {
	stories := pushStories()
	maps.Copy(stories, pullStories())
	maps.DeleteFunc(stories, func(name string, s story) bool { return s.given != nil || !strings.HasSuffix(name, "begins") })
	return stories
}

func pushStories() map[string]story {
	deleting := func(c *cell) {
		c.secret("source", "a", "one", "b", "two")
		c.create(c.push("a b", deletes))
	}
	keeping := func(c *cell) {
		c.secret("source", "a", "one", "b", "two")
		c.create(c.push("a b"))
	}
	dropB := func(c *cell) {
		c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries = rs.Spec.Push.Entries[:1] })
	}
	leave := func(c *cell) { c.remove(c.roomSecret()) }
	templating := func(c *cell) {
		c.secret("source", "a", "one", "b", "two")
		c.create(c.push("a b", deletes, func(rs *roomv1alpha1.RoomSecret) {
			rs.Spec.Push.Entries[0].Key, rs.Spec.Push.Entries[0].Template = "", "{{ .a }}:{{ .b }}"
		}))
	}
	many := func(c *cell) {
		c.secret("source", "a", "one", "b", "two", "c", "three", "d", "four")
		c.create(c.push("a b c d", deletes))
	}
	dropMany := func(c *cell) {
		c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries = rs.Spec.Push.Entries[3:] })
	}
	return map[string]story{
		"a push begins":                      {nil, deleting, inSync},
		"a push begins that will leave rows": {nil, keeping, inSync},
		"a push begins for delegates and another identity": {nil, func(c *cell) {
			c.secret("source", "a", "one", "b", "two")
			c.create(c.push("a b", deletes, func(rs *roomv1alpha1.RoomSecret) {
				rs.Spec.Push.Entries[0].Delegations = []roomv1alpha1.Delegation{{To: "bob"}}
				rs.Spec.Push.Entries[1].ForIdentity = "agent"
			}))
		}, inSync},
		"a push begins that takes rows over": {nil, func(c *cell) {
			c.row("a", "theirs")
			c.row("b", "two")
			c.secret("source", "a", "one", "b", "two")
			c.create(c.push("a b", deletes, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.ConflictPolicy = roomv1alpha1.ConflictAdopt }))
		}, inSync},
		"the source is edited":          {deleting, func(c *cell) { c.secret("source", "a", "1", "b", "2") }, inSync},
		"rows are changed and deleted":  {deleting, func(c *cell) { c.row("a", "theirs"); c.dropRow("b") }, inSync},
		"an entry goes and its row too": {deleting, dropB, inSync},
		"an entry goes and leaves":      {keeping, dropB, inSync},
		"an id changes": {deleting, func(c *cell) {
			c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries[0].ID = "c" })
		}, inSync},
		"an id changes and the source too": {deleting, func(c *cell) {
			c.secret("source", "a", "1", "b", "2")
			c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries[0].ID = "c" })
		}, inSync},
		"a push begins to delete": {keeping, func(c *cell) { c.editRoomSecret(deletes) }, inSync},
		"a push will leave rows": {deleting, func(c *cell) {
			c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.DeletionPolicy = roomv1alpha1.DeletionRetain })
		}, inSync},
		"the source goes and the rows too": {func(c *cell) {
			c.secret("source", "a", "one", "b", "two")
			c.create(c.push("a b", func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.OnSourceDeleted = roomv1alpha1.SourceDeletedDelete }))
		}, removeSource, sourceMissing},
		"the source goes and the rows too, with the finalizer": {func(c *cell) {
			c.secret("source", "a", "one", "b", "two")
			c.create(c.push("a b", deletes, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.OnSourceDeleted = roomv1alpha1.SourceDeletedDelete }))
		}, removeSource, sourceMissing},
		"the source goes":                {deleting, removeSource, sourceMissing},
		"a push goes and its rows too":   {deleting, leave, gone},
		"a push goes and leaves":         {keeping, leave, gone},
		"a push and its source go":       {deleting, func(c *cell) { removeSource(c); leave(c) }, gone},
		"a push and its room go":         {deleting, func(c *cell) { leave(c); c.remove(c.roomObject()) }, gone},
		"a push goes before it was seen": {nil, func(c *cell) { deleting(c); leave(c) }, gone},
		"a template begins":              {nil, templating, inSync},
		"a template is filled in anew":   {templating, func(c *cell) { c.secret("source", "a", "1", "b", "two") }, inSync},
		"most entries go":                {many, dropMany, pruneBlocked},
		"most entries go, as confirmed":  {many, func(c *cell) { dropMany(c); c.confirm("a@"+own, "b@"+own, "c@"+own) }, inSync},
	}
}

func removeSource(c *cell) { c.remove(newSecret(c.ns, c.name+"-source", nil)) }

func pullStories() map[string]story {
	stories := map[string]story{}
	for name, mods := range map[string][]func(*roomv1alpha1.RoomSecret){
		"an owned target":                    nil,
		"an orphan":                          {creation(roomv1alpha1.CreationOrphan)},
		"a target that is merged":            {creation(roomv1alpha1.CreationMerge), pullDeletes(roomv1alpha1.DeletionDelete)},
		"a target that is merged for a time": {creation(roomv1alpha1.CreationMerge), pullDeletes(roomv1alpha1.DeletionRetain)},
	} {
		for what, s := range storiesOf(mods) {
			stories[name+": "+what] = s
		}
	}
	for _, policy := range []roomv1alpha1.CreationPolicy{roomv1alpha1.CreationOwner, roomv1alpha1.CreationOrphan} {
		for what, s := range adoptionStories(policy) {
			if policy == roomv1alpha1.CreationOwner || what == "begins" || what == "goes" {
				stories[string(policy)+" takes over: "+what] = s
			}
		}
	}
	for what, s := range restartStories() {
		stories["a restart: "+what] = s
	}
	for what, s := range sourceStories() {
		stories["a find, an object and a template: "+what] = s
	}
	return stories
}

// restartStories returns what can happen to a pull that restarts a Deployment.
func restartStories() map[string]story {
	begin := func(c *cell) {
		c.row("a", "one")
		c.create(c.newWorkload(roomv1alpha1.KindDeployment, c.name+"-app"))
		c.create(c.pull("a", restarts(), func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Restart[0].Name = c.name + "-app" }))
	}
	return map[string]story{
		"begins":           {nil, begin, inSync},
		"the room changes": {begin, func(c *cell) { c.row("a", "1") }, inSync},
		"labels change": {begin, func(c *cell) {
			c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Labels = map[string]string{"team": "y"} })
		}, inSync},
	}
}

// sourceStories returns what can happen to a pull of what it finds, of the members of a value, and of a template.
func sourceStories() map[string]story {
	begin := func(c *cell) {
		c.row("app/a", "one")
		c.row("app/b", "two")
		c.row("app/c", "three")
		c.row("object", `{"d":"four","e":"five"}`)
		c.create(c.pull("object", func(rs *roomv1alpha1.RoomSecret) {
			rs.Spec.Pull.Entries[0].Extract = roomv1alpha1.ExtractJSON
			rs.Spec.Pull.Find = []roomv1alpha1.PullFind{{IDPrefix: "app/", StripPrefix: true}}
			rs.Spec.Pull.Template = &roomv1alpha1.PullTemplate{Data: map[string]roomv1alpha1.Template{"f": "{{ .a }}:{{ .d }}"}}
		}))
	}
	dropFound := func(c *cell) { c.dropRow("app/a"); c.dropRow("app/b"); c.dropRow("app/c"); c.row("app/g", "seven") }
	unpinned := func(c *cell) {
		begin(c)
		c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Template, rs.Spec.Pull.Entries = nil, nil })
	}
	return map[string]story{
		"begin":                            {nil, begin, inSync},
		"the room changes":                 {begin, func(c *cell) { c.row("app/a", "1"); c.row("object", `{"d":"4","h":"eight"}`) }, inSync},
		"one is found less":                {begin, func(c *cell) { c.dropRow("app/b") }, inSync},
		"most are not found":               {unpinned, dropFound, pruneBlocked},
		"most are not found, as confirmed": {unpinned, func(c *cell) { dropFound(c); c.confirm("a", "b", "c") }, inSync},
	}
}

// adoptionStories returns what can happen to a target that somebody else has created.
func adoptionStories(policy roomv1alpha1.CreationPolicy) map[string]story {
	begin := func(c *cell) {
		c.secret("target", "a", "theirs", "b", "theirs", "other", "kept")
		edit(c.world, newSecret(c.ns, c.name+"-target", nil), allow(c.name))
		c.row("a", "one")
		c.create(c.pull("a b c", creation(policy), adopt, func(rs *roomv1alpha1.RoomSecret) {
			rs.Spec.Pull.Entries[1].OnMissing = roomv1alpha1.OnMissingRemove
			rs.Spec.Pull.Entries[2].ID = "a"
			rs.Spec.Pull.Target.Labels = map[string]string{"team": "x"}
		}))
	}
	return map[string]story{
		"begins":           {nil, begin, inSync},
		"goes":             {begin, func(c *cell) { c.remove(c.roomSecret()) }, gone},
		"the room changes": {begin, func(c *cell) { c.row("a", "1"); c.row("b", "2") }, inSync},
		"an entry goes": {begin, func(c *cell) {
			c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries = rs.Spec.Pull.Entries[1:] })
		}, inSync},
		"consent goes": {begin, func(c *cell) {
			edit(c.world, newSecret(c.ns, c.name+"-target", nil), allow(""))
			c.row("a", "1")
		}, inSync},
		"begins, and nobody can change it": {nil, func(c *cell) {
			begin(c)
			c.editRoomSecret(freeze)
		}, inSync},
		"nobody can change it any more": {begin, func(c *cell) { c.row("a", "1"); c.row("b", "2"); c.editRoomSecret(freeze) }, inSync},
		"another of the name was ours": {func(c *cell) {
			c.row("a", "one")
			c.row("b", "two")
			c.create(c.pull("a b", creation(policy)))
		}, func(c *cell) {
			c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) {
				rs.Spec.Pull.Target.Adopt, rs.Spec.Pull.Entries = true, rs.Spec.Pull.Entries[:1]
			})
			c.remove(newSecret(c.ns, c.name+"-target", nil))
			c.secret("target", "a", "theirs", "b", "kept")
			edit(c.world, newSecret(c.ns, c.name+"-target", nil), allow(c.name))
		}, inSync},
	}
}

func pullDeletes(policy roomv1alpha1.DeletionPolicy) func(*roomv1alpha1.RoomSecret) {
	return func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.DeletionPolicy = policy }
}

// storiesOf returns what can happen to a pull.
func storiesOf(mods []func(*roomv1alpha1.RoomSecret)) map[string]story {
	begin := func(c *cell) {
		pull := c.pull("a b", append(mods, func(rs *roomv1alpha1.RoomSecret) {
			rs.Spec.Pull.Entries[1].OnMissing = roomv1alpha1.OnMissingRemove
			rs.Spec.Pull.Target.Labels = map[string]string{"team": "x"}
		})...)
		if merging := pull.Spec.Pull.Target.CreationPolicy == roomv1alpha1.CreationMerge; merging {
			c.secret("target", "theirs", "kept")
			c.secret("other", "theirs", "kept")
		}
		c.row("a", "one")
		c.row("b", "two")
		c.create(pull)
	}
	return map[string]story{
		"begins":            {nil, begin, inSync},
		"goes":              {begin, func(c *cell) { c.remove(c.roomSecret()) }, gone},
		"goes before it is": {nil, func(c *cell) { begin(c); c.remove(c.roomSecret()) }, gone},
		"the room changes":  {begin, func(c *cell) { c.row("a", "1"); c.row("b", "2") }, inSync},
		"a row goes":        {begin, func(c *cell) { c.dropRow("b") }, inSync},
		"an entry goes": {begin, func(c *cell) {
			c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries = rs.Spec.Pull.Entries[:1] })
		}, inSync},
		"an entry is renamed": {begin, func(c *cell) {
			c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries[1].Key = "c" })
		}, inSync},
		"labels change": {begin, func(c *cell) {
			c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Labels = map[string]string{"team": "y"} })
		}, inSync},
		"a key is edited": {begin, func(c *cell) { c.editTarget(func(data map[string][]byte) { data["a"] = []byte("tampered") }) }, inSync},
		"another target": {begin, func(c *cell) {
			c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Name = c.name + "-other" })
		}, inSync},
		"another target, later": {begin, func(c *cell) {
			c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Name = c.name + "-other" })
			c.row("a", "1")
			c.dropRow("b")
		}, inSync},
	}
}
