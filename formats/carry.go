package formats

import (
	"bytes"
	"encoding/base64"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Opaque state of one vendor's that passes through a client of another's
// protocol stands in the field that the protocol has for its own (the signature
// of a thinking block, encrypted_content, a thought signature), wrapped so that
// it can be told from the vendor's own and unwrapped again:
//
//	base64("aiclient2api" + JSON list of {"kind","origin","text","signature"})
//
// Base64 with the standard alphabet is what all of these fields take. The tag
// has a length that base64 does not split, so that all wrapped state begins with
// the same characters.
const carriedTag = "aiclient2api"

// CarriedPrefix is what wrapped state begins with.
var CarriedPrefix = []byte(base64.StdEncoding.EncodeToString([]byte(carriedTag)))

// Carries reports whether a client's body holds wrapped state. A provider of the
// same format would refuse it, so that such a body cannot go up as it is.
func Carries(body []byte) bool { return bytes.Contains(body, CarriedPrefix) }

// AppendCarried appends wrapped state, without quotes: thoughts and sealed
// thoughts, and the signature of a call or a text as a part of that kind
// without anything else.
func AppendCarried(dst []byte, parts ...llm.Part) []byte {
	raw := append(make([]byte, 0, 256), carriedTag...)
	raw = append(raw, '[')
	for i, p := range parts {
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = append(raw, `{"kind":"`...)
		raw = append(raw, carriedKinds[p.Kind]...)
		raw = AppendString(append(raw, `","origin":`...), string(p.Origin))
		if p.Kind == llm.Thought && p.Text != nil {
			raw = append(append(raw, `,"text":`...), p.Text...)
		}
		if p.Signature != nil {
			raw = append(append(raw, `,"signature":`...), p.Signature...)
		}
		raw = append(raw, '}')
	}
	return base64.StdEncoding.AppendEncode(dst, append(raw, ']'))
}

var carriedKinds = map[llm.Kind]string{llm.Thought: "thought", llm.Sealed: "sealed", llm.Call: "call", llm.Text: "text"}

// Carried unwraps state; ok is false for what is none of ours. The parts have
// Kind, Origin, Text and Signature. A client can have changed it: what cannot be
// read is nothing, and a provider checks its own signatures.
func Carried(l llm.Literal) (parts []llm.Part, ok bool) {
	in := Unescaped(l)
	if !bytes.HasPrefix(in, CarriedPrefix) {
		return nil, false
	}
	raw, err := base64.StdEncoding.AppendDecode(nil, in)
	if err != nil || !Valid(raw[len(carriedTag):]) {
		return nil, true
	}
	for e := ElementsOf(raw[len(carriedTag):]); e.Next(); {
		p := llm.Part{Kind: llm.Refusal, At: -1}
		for m := MembersOf(e.Value()); m.Next(); {
			switch v := m.Value(); string(m.Key) {
			case "kind":
				for kind, name := range carriedKinds {
					if string(StringOf(v).Inner()) == name {
						p.Kind = kind
					}
				}
			case "origin":
				p.Origin = llm.Origin(Decoded(StringOf(v)))
			case "text":
				p.Text = StringOf(v)
			case "signature":
				p.Signature = StringOf(v)
			}
		}
		if p.Kind != llm.Refusal {
			parts = append(parts, p)
		}
	}
	return parts, true
}
