// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

type packedCase struct {
	Name       string          `json:"name"`
	HeaderJSON string          `json:"header_json"`
	Header     json.RawMessage `json:"header"`
	PayloadHex string          `json:"payload_hex"`
	PackedHex  string          `json:"packed_hex"`
	Result     struct {
		Error  *string        `json:"error"`
		Fields map[string]any `json:"fields"`
	} `json:"result"`
}

type contentFile struct {
	Pack     []packedCase `json:"pack_message"`
	Contents []packedCase `json:"contents"`
	Lenient  []packedCase `json:"lenient_decode_typescript"`
}

func TestPackIsByteExact(t *testing.T) {
	t.Parallel()
	var file contentFile
	golden(t, "content.json", &file)
	for _, c := range append(file.Pack, file.Contents...) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			packed, err := protocol.Pack(json.RawMessage(c.HeaderJSON), unhex(t, c.PayloadHex))
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(packed); got != c.PackedHex {
				t.Errorf("packed %s, want %s", got, c.PackedHex)
			}
			header, payload, err := protocol.Unpack(packed)
			if err != nil {
				t.Fatal(err)
			}
			if string(header) != c.HeaderJSON || hex.EncodeToString(payload) != c.PayloadHex {
				t.Errorf("unpacked %s and %x", header, payload)
			}
		})
	}
}

// contents are what the packed vectors of both SDKs mean, by the name of the vector.
func contents() map[string]protocol.Content {
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	return map[string]protocol.Content{
		"json":                  protocol.JSON{Value: raw(`{"secrets":[]}`)},
		"json_nested":           protocol.JSON{Value: raw(`{"secrets":[{"id":"s1","type":"text/plain","name":"n","delegated_to":null}]}`)},
		"text":                  protocol.Text{Text: "hello"},
		"text_unicode":          protocol.Text{Text: "héllo"},
		"file":                  protocol.File{Name: "my-secret", MIMEType: "text/plain", Data: []byte("secret-value")},
		"file_empty":            protocol.File{Name: "my-secret", MIMEType: "application/octet-stream"},
		"link":                  protocol.Link{Name: "x", URL: "https://example.com/x"},
		"binary":                protocol.Binary{Headers: raw(`{"request_id":"r1","error":null}`), Data: []byte{1, 2, 3}},
		"binary_no_headers":     protocol.Binary{Headers: raw(`{}`), Data: []byte{9}},
		"empty":                 protocol.Empty{},
		"error":                 protocol.Error{Text: "boom"},
		"error_code":            protocol.Error{Text: "permission denied", Code: protocol.CodePermissionDenied},
		"control_open":          protocol.Control{Method: protocol.ControlOpen},
		"control_close":         protocol.Control{Method: protocol.ControlClose, StatusCode: 1000},
		"control_close_invalid": protocol.Control{Method: protocol.ControlClose, StatusCode: 1007, Message: "bad data"},
		"raw":                   protocol.Raw{Outputs: raw(`[{"a":1}]`)},
	}
}

// sameContent compares contents with their JSON decoded.
func sameContent(t *testing.T, want, got protocol.Content) {
	t.Helper()
	plain := func(c protocol.Content) []any {
		switch c := c.(type) {
		case protocol.JSON:
			return []any{c.Type(), decoded(t, c.Value)}
		case protocol.Binary:
			return []any{c.Type(), decoded(t, c.Headers), hex.EncodeToString(c.Data)}
		case protocol.Raw:
			return []any{c.Type(), decoded(t, c.Outputs)}
		case protocol.File:
			return []any{c.Type(), c.Name, c.MIMEType, hex.EncodeToString(c.Data)}
		default:
			return []any{c}
		}
	}
	if diff := cmp.Diff(plain(want), plain(got)); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
}

func TestContentsOfTypeScriptAreReadAndWritten(t *testing.T) {
	t.Parallel()
	var file contentFile
	golden(t, "content.json", &file)
	for _, c := range file.Contents {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			want := contents()[c.Name]
			got, err := protocol.UnpackContent(unhex(t, c.PackedHex))
			if err != nil {
				t.Fatal(err)
			}
			sameContent(t, want, got)
			packed, err := protocol.PackContent(want)
			if err != nil {
				t.Fatal(err)
			}
			header, payload, err := protocol.Unpack(packed)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded(t, c.Header), decoded(t, header)); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if hex.EncodeToString(payload) != c.PayloadHex {
				t.Errorf("payload %x, want %s", payload, c.PayloadHex)
			}
		})
	}
}

func TestContentsOfPythonAreRead(t *testing.T) {
	t.Parallel()
	var file contentFile
	golden(t, "python.json", &file)
	for _, c := range file.Contents {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			want, ok := contents()[c.Name]
			if !ok {
				t.Fatal("vector without an expectation")
			}
			if c.Name == "text" {
				want = protocol.Text{Text: "héllo"}
			}
			got, err := protocol.UnpackContent(unhex(t, c.PackedHex))
			if err != nil {
				t.Fatal(err)
			}
			sameContent(t, want, got)
		})
	}
}

func TestOddContentsAreReadAsTheSDKDoes(t *testing.T) {
	t.Parallel()
	var file contentFile
	golden(t, "content.json", &file)
	wants := map[string]protocol.Content{
		"error_code_as_string":    protocol.Error{Text: "x", Code: protocol.CodeNotFound},
		"error_code_bad":          protocol.Error{Text: "x"},
		"error_extra_fields":      protocol.Error{Text: "x", Code: protocol.CodeNotFound},
		"binary_headers_null":     protocol.Binary{Headers: json.RawMessage(`{}`), Data: []byte{1}},
		"meshagent_extra":         protocol.Empty{},
		"control_close_no_status": protocol.Control{Method: protocol.ControlClose, StatusCode: 1000},
		"json_extra":              protocol.JSON{Value: json.RawMessage(`{"a":1}`)},
		// TypeScript refuses raw as unknown; Python sends it, so it is read here.
		"unknown_type": protocol.Raw{Outputs: json.RawMessage(`[]`)},
	}
	for _, c := range file.Lenient {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got, err := protocol.UnpackContent(unhex(t, c.PackedHex))
			want, ok := wants[c.Name]
			switch {
			case ok && err != nil:
				t.Fatal(err)
			case ok:
				sameContent(t, want, got)
			case c.Result.Error == nil:
				t.Fatal("vector without an expectation")
			case !errors.Is(err, protocol.ErrMalformed):
				t.Errorf("got %v and error %v, want ErrMalformed", got, err)
			}
		})
	}
}

func TestMalformedDataIsRefusedWithoutQuotingIt(t *testing.T) {
	t.Parallel()
	const prefix = "\x00\x00\x00\x00\x00\x00\x00"
	for name, data := range map[string]string{
		"no data":                          "",
		"less than a length":               prefix,
		"a header longer than the data":    prefix + "\x03{}",
		"a length beyond any":              strings.Repeat("\xff", 8) + "{}",
		"a length that overflows":          "\x80" + prefix + "{}",
		"an empty header":                  prefix + "\x00",
		"a header that is not JSON":        prefix + "\x08{hunter2",
		"a header that is a list":          prefix + "\x02[]",
		"a header that is a string":        prefix + "\x09\"hunter2\"",
		"a header that is null":            prefix + "\x04null",
		"two headers":                      prefix + "\x04{}{}",
		"no type":                          prefix + "\x02{}",
		"a type that is a number":          pack(t, `{"type":7331}`),
		"an unknown type":                  pack(t, `{"type":"hunter2"}`),
		"json that is a list":              pack(t, `{"type":"json","json":["hunter2"]}`),
		"json that is null":                pack(t, `{"type":"json","json":null}`),
		"json that is missing":             pack(t, `{"type":"json"}`),
		"text that is missing":             pack(t, `{"type":"text"}`),
		"text that is a number":            pack(t, `{"type":"text","text":7331}`),
		"a file without mime type":         pack(t, `{"type":"file","name":"hunter2"}`),
		"a file with null name":            pack(t, `{"type":"file","name":null,"mime_type":"x"}`),
		"a link without url":               pack(t, `{"type":"link","name":"hunter2"}`),
		"an unknown control method":        pack(t, `{"type":"control","method":"hunter2"}`),
		"a control without method":         pack(t, `{"type":"control"}`),
		"a control status that is no code": pack(t, `{"type":"control","method":"close","status_code":"hunter2"}`),
		"raw outputs that are no list":     pack(t, `{"type":"raw","outputs":{}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := protocol.UnpackContent([]byte(data))
			if !errors.Is(err, protocol.ErrMalformed) {
				t.Fatalf("got %v and error %v, want ErrMalformed", content, err)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "7331") {
				t.Errorf("the error quotes the data: %v", err)
			}
		})
	}
}

func pack(t *testing.T, header string) string {
	t.Helper()
	packed, err := protocol.Pack(json.RawMessage(header), nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(packed)
}

func TestPackRefusesHeadersThatAreNoObjects(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]any{
		"nil":              nil,
		"a list":           []string{"a"},
		"a string":         "a",
		"invalid JSON":     json.RawMessage("{"),
		"what has no JSON": func() {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if packed, err := protocol.Pack(header, nil); err == nil {
				t.Errorf("packed as %q", packed)
			}
		})
	}
}

func TestAnErrorStaysAnErrorWhateverItsMembersAre(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]protocol.Error{
		`{"type":"error"}`: {},
		`{"type":"error","text":{"a":1},"code":[1001]}`:     {},
		`{"type":"error","text":null,"code":null}`:          {},
		`{"type":"error","text":"x","code":1001.5}`:         {Text: "x"},
		`{"type":"error","text":"x","code":99999999999}`:    {Text: "x"},
		`{"type":"error","text":"x","code":"1001"}`:         {Text: "x", Code: protocol.CodePermissionDenied},
		`{"type":"error","text":"x","code":9999,"name":{}}`: {Text: "x", Code: 9999},
	} {
		got, err := protocol.UnpackContent([]byte(pack(t, header)))
		if err != nil || got != want {
			t.Errorf("%s: got %#v and error %v, want %#v", header, got, err, want)
		}
	}
}

func TestObjectsAreReceivedAsPlainContents(t *testing.T) {
	t.Parallel()
	request := protocol.DeleteSecretRequest{ID: "a"}
	encoded := json.RawMessage(`{"id":"a","delegated_to":null}`)
	for _, pair := range [][2]protocol.Content{
		{protocol.Object(&request), protocol.JSON{Value: encoded}},
		{protocol.ObjectWithData(&request, []byte{1}), protocol.Binary{Headers: encoded, Data: []byte{1}}},
	} {
		sent, want := pair[0], pair[1]
		packed, err := protocol.PackContent(sent)
		if err != nil {
			t.Fatal(err)
		}
		got, err := protocol.UnpackContent(packed)
		if err != nil {
			t.Fatal(err)
		}
		sameContent(t, want, got)
		if sent.Type() != want.Type() {
			t.Errorf("type %q, want %q", sent.Type(), want.Type())
		}
	}
}

func FuzzContents(f *testing.F) {
	for _, content := range contents() {
		packed, err := protocol.PackContent(content)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		content, err := protocol.UnpackContent(data)
		if err != nil {
			if !errors.Is(err, protocol.ErrMalformed) {
				t.Fatalf("unexpected error %v", err)
			}
			return
		}
		packed, err := protocol.PackContent(content)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := protocol.UnpackContent(packed)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		repacked, err := protocol.PackContent(again)
		if err != nil || !bytes.Equal(packed, repacked) {
			t.Fatalf("the content changes each time: %q, %q, %v", packed, repacked, err)
		}
	})
}
