package chat

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// messages reads the conversation.
func (d *decoder) messages(v []byte) {
	if v[0] != '[' {
		d.fail("messages", "'messages' must be a list with at least one message")
		return
	}
	at := -1
	for e := formats.ElementsOf(v); e.Next() && d.err == nil; {
		at++
		d.message(at, e.Value())
	}
}

// message is one message while it is read: its members may come in any order.
type message struct {
	at                  int
	role                string
	content             []byte
	calls, legacyCall   []byte
	id, name            llm.Literal
	refusal             llm.Literal
	reasoning           llm.Literal
	details, blocks     []byte
	signature           llm.Literal
	cache               llm.Value
	hasAudio, isMessage bool
}

func (d *decoder) message(at int, v []byte) {
	msg := message{at: at, isMessage: v[0] == '{'}
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Name()) {
		case "role":
			msg.role = formats.Decoded(formats.AsLiteral(v))
		case "content":
			msg.content = v
		case "tool_calls":
			msg.calls = v
		case "function_call":
			msg.legacyCall = v
		case "tool_call_id":
			msg.id = formats.AsLiteral(v)
		case "name":
			msg.name = formats.AsLiteral(v)
		case "refusal":
			msg.refusal = formats.AsLiteral(v)
		case "reasoning_content", "reasoning":
			if msg.reasoning.Empty() {
				msg.reasoning = formats.AsLiteral(v)
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
		}
	}
	d.turn(&msg)
}

// turn makes a turn of a message.
func (d *decoder) turn(msg *message) {
	t := llm.Turn{At: msg.at}
	switch msg.role {
	case "system":
		t.Role = llm.System
	case "developer":
		t.Role = llm.Developer
	case "user":
		t.Role = llm.User
	case "assistant":
		t.Role = llm.Assistant
	case "tool", "function":
		result := llm.Part{Kind: llm.Result, ID: msg.id, Content: d.content(msg), Cache: msg.cache, At: -1}
		if msg.role == "function" {
			result.Name = msg.name
		}
		t.Parts = []llm.Part{result}
		d.r.Turns = append(d.r.Turns, t)
		return
	default:
		if !msg.isMessage || msg.role == "" {
			d.fail(Client{}.Place(msg.at, -1), "messages[%d] has no role", msg.at)
			return
		}
		d.fail(Client{}.Place(msg.at, -1), "messages[%d] has the unknown role %q", msg.at, llm.Clip(msg.role, 40))
		return
	}
	if msg.name != nil && t.Role != llm.Assistant {
		d.lose("messages.name")
	}
	content := d.content(msg)
	if t.Role == llm.Assistant {
		content = d.said(msg, content)
	}
	if msg.cache != nil && len(content) > 0 && content[len(content)-1].Cache == nil {
		content[len(content)-1].Cache = msg.cache
	}
	t.Parts = content
	d.r.Turns = append(d.r.Turns, t)
}

// lose notes advice once, however often it stands in the conversation.
func (d *decoder) lose(name string) {
	for _, a := range d.r.Advice {
		if a == name {
			return
		}
	}
	d.r.Advice = append(d.r.Advice, name)
}

// said returns all that an assistant's message holds beside its content, in
// the order in which a model says it: thoughts, text, refusal, calls.
func (d *decoder) said(msg *message, content []llm.Part) []llm.Part {
	if msg.hasAudio {
		d.fail(Client{}.Place(msg.at, -1), "messages[%d].audio is kept by the provider that made it, and cannot be sent to another", msg.at)
		return nil
	}
	if msg.signature != nil {
		content = sign(content, msg.signature)
	}
	calls := d.calls(msg)
	parts := thoughts(msg, calls)
	if parts == nil && msg.refusal == nil && calls == nil {
		return content
	}
	parts = append(parts, content...)
	if msg.refusal != nil {
		parts = append(parts, llm.Part{Kind: llm.Refusal, Text: msg.refusal, At: -1})
	}
	return append(parts, calls...)
}

// sign gives a signature to the last text.
func sign(parts []llm.Part, signature llm.Literal) []llm.Part {
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i].Kind == llm.Text {
			parts[i].Signature, parts[i].Origin = signature, llm.Google
			return parts
		}
	}
	return append(parts, llm.Part{Kind: llm.Text, Text: llm.Literal(`""`), Signature: signature, Origin: llm.Google, At: -1})
}

// calls reads the calls of an assistant's message.
func (d *decoder) calls(msg *message) (calls []llm.Part) {
	if msg.legacyCall != nil {
		d.r.Legacy = true
		calls = append(calls, d.call(llm.Part{}, msg.legacyCall, "arguments"))
	}
	for e := formats.ElementsOf(msg.calls); e.Next(); {
		var p llm.Part
		var function, custom []byte
		for m := formats.MembersOf(e.Value()); m.Next(); {
			switch v := m.Value(); string(m.Key) {
			case "id":
				p.ID = formats.AsLiteral(v)
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
			d.fail(Client{}.Place(msg.at, -1), "messages[%d].tool_calls[%d] has no name", msg.at, len(calls)-1)
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
			p.Name = formats.AsLiteral(v)
		case arguments:
			if v[0] == '{' {
				p.Args = v
			} else {
				p.Args = []byte(formats.Decoded(formats.AsLiteral(v)))
			}
		}
	}
	return p
}

// thoughtSignature reads Google's signature from where its OpenAI-like API
// puts it (https://ai.google.dev/gemini-api/docs/thought-signatures).
func thoughtSignature(extra []byte) llm.Literal {
	return formats.AsLiteral(formats.Member(formats.Member(extra, "google"), "thought_signature"))
}
