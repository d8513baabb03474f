// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"encoding/xml"
	"strconv"
)

// node is an element of an SVG, as it is written and as it is read.
type node struct {
	XMLName  xml.Name   `xml:""`
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []*node    `xml:",any"`
}

// add adds an element, whose attributes are names, each followed by its value: a string or a float64.
func (n *node) add(name, text string, attributes ...any) *node {
	child := &node{XMLName: xml.Name{Local: name}, Text: text}
	for i := 0; i < len(attributes); i += 2 {
		value, ok := attributes[i+1].(string)
		if !ok {
			value = decimal(attributes[i+1].(float64))
		}
		child.Attrs = append(child.Attrs, xml.Attr{Name: xml.Name{Local: attributes[i].(string)}, Value: value})
	}
	n.Children = append(n.Children, child)
	return child
}

// attr returns the value of an attribute.
func (n *node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// find returns the elements within n for which wanted is true.
func (n *node) find(wanted func(*node) bool) []*node {
	var found []*node
	for _, child := range n.Children {
		if wanted(child) {
			found = append(found, child)
		}
		found = append(found, child.find(wanted)...)
	}
	return found
}

// decimal is a coordinate. A tenth of a pixel is all that can be seen.
func decimal(v float64) string {
	return strconv.FormatFloat(float64(int(v*10+0.5))/10, 'f', -1, 64)
}

// textWidth is about how wide a text is: it depends on what font is found.
func textWidth(text string, size float64) float64 { return 0.56 * size * float64(len([]rune(text))) }
