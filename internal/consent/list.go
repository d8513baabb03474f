// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"cmp"
	"net/http"
	"slices"
)

// list shows the requests that whoever has signed in may decide. Those whose rule names nobody are for whoever has the link.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	p := s.cookies.person(r)
	if p == nil {
		s.render(w, r, http.StatusOK, "list", listView{CanSignIn: s.signIns != nil})
		return
	}
	all, err := s.options.Store.List(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v := listView{Crowded: p.Crowded, Unverified: p.Email == ""}
	for _, a := range all {
		if a.State == Waiting && s.options.Clock.Now().Before(a.Until) && a.Approvers != nil && a.Approvers.include(p) {
			v.Requests = append(v.Requests, listed{Authorization: a, Provider: hostOf(a.Endpoint), At: s.prefix + placeOf(a.Ref)})
		}
	}
	slices.SortFunc(v.Requests, func(a, b listed) int {
		return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(placeOf(a.Ref), placeOf(b.Ref)))
	})
	s.render(w, r, http.StatusOK, "list", v)
}
