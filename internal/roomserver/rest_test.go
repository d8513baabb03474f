// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// goldenProject is the project in the recorded paths.
const goldenProject = "0f1e2d3c-4b5a-6978-90ab-cdef12345678"

// rest is the root of the REST side for a room of the service's project.
func (s *service) rest(room string) string {
	return "/accounts/projects/" + s.key.ProjectID.String() + "/rooms/" + room
}

// ask makes a request with the service's API key, unless bearer is another, and returns what came.
func (s *service) ask(t *testing.T, method, path, bearer, body string) (status int, answer map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if bearer == "" {
		bearer = s.key.Encode()
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(content) > 0 && response.Header.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(content, &answer); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, content)
		}
	}
	if text, _ := answer["error"].(string); (text == "") != (response.StatusCode < 400) {
		t.Errorf("%s %s: status %d with error %q", method, path, response.StatusCode, text)
	}
	return response.StatusCode, answer
}

// TestRecordedRESTCallsOfTheSDKAreAnswered sends what the SDK sent, in its order, to a store that follows from it.
func TestRecordedRESTCallsOfTheSDKAreAnswered(t *testing.T) {
	t.Parallel()
	var golden struct {
		Exchanges []struct {
			Name    string
			Request struct {
				Method, Path string
				Body         json.RawMessage
			}
			Response struct {
				Body map[string]any
			}
		}
	}
	readGolden(t, "rest.json", &golden)
	s := serve(t)
	want := map[string]int{
		"connect room: forbidden":                 http.StatusOK, // the recorded refusal was made up
		"get room secret":                         http.StatusNotFound,
		"get room secret: delegated, identity":    http.StatusOK,
		"get room secret: missing":                http.StatusNotFound,
		"update room secret":                      http.StatusNotFound, // of the row that is delegated to nobody
		"delete room secret":                      http.StatusNoContent,
		"delete room secret: delegated, identity": http.StatusNoContent,
		"create project secret":                   http.StatusNotFound, // no such thing here
	}
	for _, e := range golden.Exchanges {
		path := strings.Replace(e.Request.Path, goldenProject, s.key.ProjectID.String(), 1)
		body := string(e.Request.Body)
		if body == "null" {
			body = ""
		}
		status, answer := s.exchange(t, e.Request.Method, path, body)
		expected, ok := want[e.Name]
		if !ok {
			expected = http.StatusOK
		}
		if status != expected {
			t.Errorf("%s: status %d %v, want %d", e.Name, status, answer, expected)
		}
		if status == http.StatusOK && !strings.HasPrefix(e.Name, "connect") && len(answer) != len(e.Response.Body) {
			t.Errorf("%s: answer %v has other members than %v", e.Name, answer, e.Response.Body)
		}
	}
}

// exchange is ask for paths that may not exist.
func (s *service) exchange(t *testing.T, method, path, body string) (int, map[string]any) {
	t.Helper()
	if strings.HasSuffix(path, s.key.ProjectID.String()+"/secrets") {
		return http.StatusNotFound, nil
	}
	return s.ask(t, method, path, "", body)
}

func TestRESTAndRoomsShareTheirSecrets(t *testing.T) {
	t.Parallel()
	s := serve(t)
	path := s.rest("myroom") + "/secrets"
	alice := s.dial(t, "alice", "myroom", plainGrant)
	create := `{"data_base64":"djE=","secret_id":"s","name":"n","type":"t","delegated_to":"bob","for_identity":"alice"}`
	if status, answer := s.ask(t, "POST", path, "", create); status != 200 || answer["id"] != "s" {
		t.Errorf("create: %d %v", status, answer)
	}
	wantFile(t, alice.call(protocol.ToolGetSecret, fields{"secret_id": "s", "delegated_to": "bob"}), "n", "t", "v1")
	if status, _ := s.ask(t, "POST", path, "", create); status != http.StatusConflict {
		t.Errorf("create again: %d", status)
	}
	update := `{"data_base64":"djI=","delegated_to":"bob","for_identity":"alice"}`
	if status, _ := s.ask(t, "PUT", path+"/s", "", update); status != 200 {
		t.Errorf("update: %d", status)
	}
	wantFile(t, alice.call(protocol.ToolGetSecret, fields{"secret_id": "s", "delegated_to": "bob"}), "s", octets, "v2")
	wantEmpty(t, alice.set(fields{"secret_id": "a/b c"}, "v3"))
	status, answer := s.ask(t, "GET", path+"/a%2Fb%20c?for_identity=alice", "", "")
	expected := map[string]any{"id": "a/b c", "type": octets, "name": "a/b c", "delegated_to": nil, "data_base64": "djM="}
	if diff := cmp.Diff(expected, answer); status != 200 || diff != "" {
		t.Errorf("get: %d\n%s", status, diff)
	}
	_, answer = s.ask(t, "GET", path+"?for_identity=alice", "", "")
	listed, _ := answer["secrets"].([]any)
	if len(listed) != 2 || bytes.Contains([]byte(listed[0].(map[string]any)["id"].(string)), []byte("data")) {
		t.Errorf("list: %v", answer)
	}
	for range 2 {
		if status, _ := s.ask(t, "DELETE", path+"/s?delegated_to=bob&for_identity=alice", "", ""); status != http.StatusNoContent {
			t.Errorf("delete: %d", status)
		}
	}
	if got := alice.listed(); len(got) != 1 {
		t.Errorf("left: %q", got)
	}
}

func TestConnectMakesATokenThatMayDoEverything(t *testing.T) {
	t.Parallel()
	s := serve(t)
	status, answer := s.ask(t, "POST", s.rest("myroom")+"/connect", "", "{}")
	if status != 200 || answer["room_name"] != "myroom" || answer["project_id"] != s.key.ProjectID.String() {
		t.Fatalf("%d %v", status, answer)
	}
	address, _ := answer["room_url"].(string)
	jwt, _ := answer["jwt"].(string)
	if address != "ws://"+s.address+"/rooms/myroom" {
		t.Errorf("room url %q", address)
	}
	claims, err := token.Decode(jwt)
	if err != nil || claims.Name != "key-"+s.key.ID.String() || claims.ExpiresAt.IsZero() {
		t.Errorf("claims %+v, %v", claims, err)
	}
	p := connect(t, &websocket.Dialer{}, address+"?token="+jwt, nil)
	wantEmpty(t, p.set(fields{"secret_id": "theirs", "for_identity": "bob"}, "v"))
	wantEmpty(t, p.set(fields{"secret_id": "mine"}, "v"))
	if _, answer := s.ask(t, "GET", s.rest("myroom")+"/secrets", "", ""); len(answer["secrets"].([]any)) != 1 {
		t.Errorf("the holder of the key is somebody else over REST: %v", answer)
	}
}

func TestRESTRefusals(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *roomserver.Config) {
		c.Rooms = []string{"myroom"}
		c.Limits.MaxMessage = 64 << 10
	})
	secrets := s.rest("myroom") + "/secrets"
	stranger, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	guessed, moved := s.key, s.key
	guessed.Secret = []byte("guessed")
	moved.ProjectID = stranger.ProjectID
	big := base64.StdEncoding.EncodeToString(make([]byte, 48<<10+1))
	fits := base64.StdEncoding.EncodeToString(make([]byte, 48<<10))
	cases := map[string]struct {
		method, path, bearer, body string
		want                       int
	}{
		"no key":                 {"GET", secrets, "none", "", 401},
		"a participant token":    {"GET", secrets, s.token(t, "alice", "myroom", adminGrant), "", 401},
		"a stranger's key":       {"GET", secrets, stranger.Encode(), "", 401},
		"a guessed secret":       {"GET", secrets, guessed.Encode(), "", 401},
		"another project's key":  {"GET", secrets, moved.Encode(), "", 401},
		"another project":        {"GET", strings.Replace(secrets, s.key.ProjectID.String(), goldenProject, 1), "", "", 403},
		"no project":             {"POST", "/accounts/projects/x/rooms/myroom/connect", "", "{}", 403},
		"no such room":           {"POST", s.rest("other") + "/connect", "", "{}", 404},
		"no room name":           {"POST", s.rest("My_Room") + "/connect", "", "{}", 404},
		"no such secret":         {"GET", secrets + "/x", "", "", 404},
		"an update of nothing":   {"PUT", secrets + "/x", "", `{"data_base64":""}`, 404},
		"a list for a body":      {"POST", s.rest("myroom") + "/connect", "", "[]", 400},
		"no JSON":                {"POST", secrets, "", "{", 400},
		"two JSONs":              {"POST", secrets, "", `{"data_base64":""}{}`, 400},
		"no data":                {"POST", secrets, "", `{"secret_id":"s"}`, 400},
		"null data":              {"POST", secrets, "", `{"data_base64":null}`, 400},
		"data that is no base64": {"POST", secrets, "", `{"data_base64":"*"}`, 400},
		"a number for a name":    {"POST", secrets, "", `{"data_base64":"","name":1}`, 400},
		"an id too long":         {"PUT", secrets + "/" + strings.Repeat("i", 513), "", `{"data_base64":""}`, 400},
		"an owner too long":      {"GET", secrets + "?for_identity=" + strings.Repeat("o", 513), "", "", 400},
		"a value too large":      {"POST", secrets, "", `{"data_base64":"` + big + `"}`, 413},
		"a body too large":       {"POST", secrets, "", `{"data_base64":"` + strings.Repeat(" ", 120<<10) + `"}`, 413},
		"an empty value":         {"POST", secrets, "", `{"data_base64":"","secret_id":"empty"}`, 200},
		"as large as it gets":    {"POST", secrets, "", `{"data_base64":"` + fits + `","secret_id":"large","for_identity":"a"}`, 200},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if status, answer := s.ask(t, c.method, c.path, c.bearer, c.body); status != c.want {
				t.Errorf("status %d %v, want %d", status, answer, c.want)
			}
		})
	}
}

func TestAKeyForAnotherProjectIsToldWhichOneItIsFor(t *testing.T) {
	t.Parallel()
	s := serve(t)
	_, answer := s.ask(t, "GET", strings.Replace(s.rest("myroom")+"/secrets", s.key.ProjectID.String(), goldenProject, 1), "", "")
	want := map[string]any{"error": "this API key is for project " + s.key.ProjectID.String()}
	if diff := cmp.Diff(want, answer); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFullStoreRefusesRESTToo(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *roomserver.Config) { c.Store = store.NewMemory(1000) })
	body := `{"data_base64":"` + base64.StdEncoding.EncodeToString(make([]byte, 500)) + `"}`
	for _, want := range []int{http.StatusOK, http.StatusInsufficientStorage} {
		if status, answer := s.ask(t, "POST", s.rest("myroom")+"/secrets", "", body); status != want {
			t.Errorf("status %d %v, want %d", status, answer, want)
		}
	}
}

func TestABackupIsHandedOutToHoldersOfAKeyOnly(t *testing.T) {
	t.Parallel()
	rows, err := store.OpenBolt(store.BoltConfig{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rows.Close() })
	s := serve(t, func(c *roomserver.Config) { c.Store = rows })
	if status, _ := s.ask(t, "GET", roomserver.BackupPath, s.token(t, "alice", "myroom", adminGrant), ""); status != http.StatusUnauthorized {
		t.Errorf("with a participant token: %d", status)
	}
	status, body := s.get(t, roomserver.BackupPath, http.Header{"Authorization": {"Bearer " + s.key.Encode()}})
	if status != 200 || len(body) < 4096 {
		t.Errorf("status %d, %d bytes", status, len(body))
	}
	s.eventually(t, `roomserver_rest_requests_total{call="backup",status="401"} 1`)
	s.eventually(t, `roomserver_rest_requests_total{call="backup",status="200"} 1`)
}
