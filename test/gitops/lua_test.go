// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"context"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// health is what Argo CD calls the health of an object.
type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// action is what Argo CD offers to do with an object.
type action struct {
	Disabled    bool   `json:"disabled"`
	DisplayName string `json:"displayName"`
	IconClass   string `json:"iconClass"`
}

// customizations is what Argo CD knows of kinds, as argocd-cm tells it.
type customizations map[string]string

func (c customizations) script(what string, object *unstructured.Unstructured) (string, error) {
	key := "resource.customizations." + what + "." + object.GroupVersionKind().Group + "_" + object.GetKind()
	script, ok := c[key]
	if !ok {
		return "", fmt.Errorf("argocd-cm has no %s", key)
	}
	return script, nil
}

// healthOf is how healthy Argo CD takes an object to be.
func (c customizations) healthOf(ctx context.Context, object *unstructured.Unstructured) (health, error) {
	var h health
	script, err := c.script("health", object)
	if err != nil {
		return h, err
	}
	err = runLua(ctx, script, object, &h)
	return h, err
}

// actions are the scripts of the actions of one kind.
type actions struct {
	Discovery   string `json:"discovery.lua"`
	Definitions []struct {
		Name   string `json:"name"`
		Action string `json:"action.lua"`
	} `json:"definitions"`
}

func (c customizations) actionsOf(object *unstructured.Unstructured) (actions, error) {
	var a actions
	script, err := c.script("actions", object)
	if err != nil {
		return a, err
	}
	err = yaml.UnmarshalStrict([]byte(script), &a)
	return a, err
}

// offered are the actions that Argo CD offers for an object.
func (c customizations) offered(ctx context.Context, object *unstructured.Unstructured) (map[string]action, error) {
	a, err := c.actionsOf(object)
	if err != nil {
		return nil, err
	}
	var offered map[string]action
	err = runLua(ctx, a.Discovery, object, &offered)
	return offered, err
}

// act returns what an action makes of an object.
func (c customizations) act(ctx context.Context, name string, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	a, err := c.actionsOf(object)
	if err != nil {
		return nil, err
	}
	for _, definition := range a.Definitions {
		if definition.Name == name {
			changed := &unstructured.Unstructured{}
			err := runLua(ctx, definition.Action, object, &changed.Object)
			return changed, err
		}
	}
	return nil, fmt.Errorf("there is no action %s", name)
}

// runLua runs a script as Argo CD does, on the object as the global obj, and decodes what it returns. A script has the
// language, tables, and the time; neither strings nor anything that reaches outside.
func runLua(ctx context.Context, script string, object *unstructured.Unstructured, into any) error {
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	l.SetContext(ctx)
	for name, library := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		open(l, name, library)
	}
	open(l, lua.LoadLibName, lua.OpenPackage)
	open(l, lua.OsLibName, lua.OpenOs)
	if os, ok := l.GetGlobal(lua.OsLibName).(*lua.LTable); ok {
		keepOnly(os, "date", "time")
	}
	l.SetGlobal("obj", toLua(l, object.Object))
	if err := l.DoString(script); err != nil {
		return err
	}
	content, err := json.Marshal(toGo(l.Get(-1), object.Object))
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

func open(l *lua.LState, name string, library lua.LGFunction) {
	l.Push(l.NewFunction(library))
	l.Push(lua.LString(name))
	l.Call(1, 0)
}

func keepOnly(table *lua.LTable, keep ...string) {
	var others []lua.LValue
	table.ForEach(func(key, _ lua.LValue) {
		if !strings.Contains(" "+strings.Join(keep, " ")+" ", " "+key.String()+" ") {
			others = append(others, key)
		}
	})
	for _, key := range others {
		table.RawSet(key, lua.LNil)
	}
}

func toLua(l *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case bool:
		return lua.LBool(v)
	case string:
		return lua.LString(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case []any:
		table := l.NewTable()
		for _, item := range v {
			table.Append(toLua(l, item))
		}
		return table
	case map[string]any:
		table := l.NewTable()
		for key, item := range v {
			table.RawSetString(key, toLua(l, item))
		}
		return table
	}
	return lua.LNil
}

// toGo makes a value of Lua one of JSON. To Lua an empty list and an empty map are the same; what it was before, if it was
// there, says which of the two it is.
func toGo(value lua.LValue, before any) any {
	switch v := value.(type) {
	case lua.LBool:
		return bool(v)
	case lua.LString:
		return string(v)
	case lua.LNumber:
		if whole := int64(v); lua.LNumber(whole) == v {
			return whole
		}
		return float64(v)
	case *lua.LTable:
		list, isList := before.([]any)
		if v.MaxN() > 0 || isList {
			return listToGo(v, list)
		}
		was, _ := before.(map[string]any)
		content := map[string]any{}
		v.ForEach(func(key, item lua.LValue) { content[key.String()] = toGo(item, was[key.String()]) })
		return content
	}
	return nil
}

func listToGo(table *lua.LTable, before []any) []any {
	list := make([]any, 0, table.MaxN())
	for i := range table.MaxN() {
		var was any
		if i < len(before) {
			was = before[i]
		}
		list = append(list, toGo(table.RawGetInt(i+1), was))
	}
	return list
}
