package chat

import (
	"slices"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// messages reads the conversation.
func (d *decoder) messages(list *formats.Elements) {
	if d.r.Turns == nil {
		d.r.Turns = make([]llm.Turn, 0, 4)
	}
	for at := 0; d.err == nil && list.NextValue(); at++ {
		if at == mostTurns {
			d.fail("messages", "there are more than %d messages", mostTurns)
		}
		m := list.Enter()
		d.message(at, &m)
		list.Leave(&m)
	}
}

// message is one message while it is read: its members may come in any order.
type message struct {
	at                int
	role              string
	content           []byte
	calls, legacyCall []byte
	id, name          llm.Literal
	refusal           llm.Literal
	reasoning         llm.Literal
	details, blocks   []byte
	signature         llm.Literal
	cache             llm.Value
	hasAudio          bool
}

func (d *decoder) message(at int, m *formats.Members) {
	msg := message{at: at}
	for m.Next() {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Name()) {
		case "role":
			msg.role = formats.Decoded(formats.StringOf(v))
		case "content":
			msg.content = v
		case "tool_calls":
			msg.calls = v
		case "function_call":
			msg.legacyCall = v
		case "tool_call_id":
			msg.id = formats.StringOf(v)
		case "name":
			msg.name = formats.StringOf(v)
		case "refusal":
			msg.refusal = formats.StringOf(v)
		case "reasoning_content", "reasoning":
			if msg.reasoning.Empty() {
				msg.reasoning = formats.StringOf(v)
			}
		case "reasoning_details":
			msg.details = v
		case "thinking_blocks":
			msg.blocks = v
		case "extra_content":
			msg.signature = thoughtSignature(v)
		case "cache_control":
			msg.cache = v
		case "audio":
			msg.hasAudio = true
		case "annotations", "parsed", "provider_specific_fields", "id", "model", "created", "tool_call_name":
			// what clients keep of an answer beside the message
		default:
			d.lose("messages." + string(m.Name()))
		}
	}
	d.turn(&msg)
}

// turn makes a turn of a message.
func (d *decoder) turn(msg *message) {
	t := llm.Turn{At: msg.at}
	content := d.content(msg)
	switch msg.role {
	case "system":
		t.Role = llm.System
	case "developer":
		t.Role = llm.Developer
	case "user":
	case "assistant":
		t.Role = llm.Assistant
		content = d.said(msg, content)
	case "tool", "function":
		content = []llm.Part{{Kind: llm.Result, ID: msg.id, Name: msg.name, Content: content, At: -1}}
	case "":
		d.failAt(msg.at, -1, "", "has no role")
	default:
		d.failAt(msg.at, -1, "", "has the unknown role %q", llm.Clip(msg.role, 40))
	}
	if msg.name != nil && t.Role != llm.Assistant && msg.role != "function" && msg.role != "tool" {
		d.lose("messages.name")
	}
	if n := len(content); n > 0 && content[n-1].Cache == nil {
		content[n-1].Cache = msg.cache
	}
	place(content, msg.at)
	t.Parts = content
	d.r.Turns = append(d.r.Turns, t)
}

// place notes the message in which parts stand.
func place(parts []llm.Part, at int) {
	for i := range parts {
		parts[i].Turn = at
		place(parts[i].Content, at)
	}
}

// lose notes advice once, however often it stands in the conversation.
func (d *decoder) lose(name string) {
	if len(d.r.Advice) < mostAdvice && !slices.Contains(d.r.Advice, name) {
		d.r.Advice = append(d.r.Advice, name)
	}
}

// said returns all that an assistant's message holds beside its content, in
// the order in which a model says it: thoughts, text, refusal, calls.
func (d *decoder) said(msg *message, content []llm.Part) []llm.Part {
	if msg.hasAudio {
		d.failAt(msg.at, -1, ".audio", "is kept by the provider that made it, and cannot be sent to another")
		return nil
	}
	content = formats.Pictures(content)
	if msg.signature != nil {
		content = sign(content, msg.signature)
	}
	calls := d.calls(msg)
	parts := d.thoughts(msg, content, calls)
	if parts == nil && msg.refusal == nil && calls == nil {
		return content
	}
	if msg.refusal != nil {
		content = append(content, llm.Part{Kind: llm.Refusal, Text: msg.refusal, At: -1})
	}
	return inPlace(parts, content, calls)
}

// sign gives a signature to the last text or picture.
func sign(parts []llm.Part, signature llm.Literal) []llm.Part {
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i].Kind == llm.Text || parts[i].Kind == llm.Image {
			parts[i].Signature, parts[i].Origin = signature, llm.Google
			return parts
		}
	}
	return append(parts, llm.Part{Kind: llm.Text, Text: llm.Literal(`""`), Signature: signature, Origin: llm.Google, At: -1})
}

// calls reads the calls of an assistant's message.
func (d *decoder) calls(msg *message) (calls []llm.Part) {
	if msg.legacyCall != nil {
		calls = append(calls, d.call(llm.Part{}, msg.legacyCall, "arguments"))
	}
	for e := formats.ElementsOf(msg.calls); d.err == nil && e.Next(); {
		if len(calls) == mostParts {
			d.failAt(msg.at, -1, ".tool_calls", "has more than %d calls", mostParts)
		}
		var p llm.Part
		var function, custom []byte
		for m := formats.MembersOf(e.Value()); m.Next(); {
			switch v := m.Value(); string(m.Key) {
			case "id":
				p.ID = formats.StringOf(v)
			case "function":
				function = v
			case "custom":
				custom = v
			case "extra_content":
				if s := thoughtSignature(v); s != nil {
					p.Signature, p.Origin = s, llm.Google
				}
			}
		}
		if len(custom) > 0 && custom[0] == '{' {
			calls = append(calls, d.call(p, custom, "input"))
		} else {
			calls = append(calls, d.call(p, function, "arguments"))
		}
		if calls[len(calls)-1].Name.Empty() {
			d.failAt(msg.at, -1, ".tool_calls["+strconv.Itoa(len(calls)-1)+"]", "has no name")
		}
	}
	return calls
}

// call completes a call by its name and arguments, which are a text; some
// clients send an object.
func (d *decoder) call(p llm.Part, v []byte, arguments string) llm.Part {
	p.Kind, p.At = llm.Call, -1
	for m := formats.MembersOf(v); m.Next(); {
		switch v := m.Value(); string(m.Key) {
		case "name":
			p.Name = formats.StringOf(v)
		case arguments:
			if v[0] == '{' {
				p.Args = v
			} else {
				p.Args = []byte(formats.Decoded(formats.StringOf(v)))
			}
		}
	}
	return p
}

// thoughtSignature reads Google's signature from where its OpenAI-like API
// puts it (https://ai.google.dev/gemini-api/docs/thought-signatures).
func thoughtSignature(extra []byte) llm.Literal {
	return formats.StringOf(formats.Member(formats.Member(extra, "google"), "thought_signature"))
}
