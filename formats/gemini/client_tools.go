package gemini

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// tool reads an element of the tools (https://ai.google.dev/api/caching#Tool):
// functions, and tools that Google runs, which are only on offer.
func (d *reader) tool(v []byte) {
	for m := formats.MembersOf(v); m.Next(); {
		if formats.IsNull(m.Value()) {
			continue
		}
		if name := camel(m.Name()); string(name) == "functionDeclarations" {
			each(m.Value(), d.function)
		} else {
			d.lose("tools." + string(name))
		}
	}
}

// function reads the declaration of a function
// (https://ai.google.dev/api/caching#FunctionDeclaration).
func (d *reader) function(v []byte) {
	t := llm.Tool{At: d.tools}
	d.tools++
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(camel(m.Name())) {
		case "name":
			t.Name = formats.StringOf(v)
		case "description":
			t.Description = formats.StringOf(v)
		case "parameters":
			if t.Schema == nil {
				t.Schema = d.schema("parameters", v, true)
			}
		case "parametersJsonSchema":
			t.Schema = d.schema("parametersJsonSchema", v, false)
		case "behavior":
			if w := word(v); w != "" && w != "BLOCKING" {
				d.lose("tools.functionDeclarations.behavior")
			}
		case "response", "responseJsonSchema":
			d.advise("tools.functionDeclarations.response", v)
		}
	}
	if t.Name.Empty() {
		d.fail("tools", "tools: the function declaration %d has no name", t.At)
	}
	d.r.Tools = append(d.r.Tools, t)
}

// toolConfig reads whether functions may or must be called
// (https://ai.google.dev/api/caching#ToolConfig).
func (d *reader) toolConfig(v []byte) {
	for m := formats.MembersOf(v); m.Next(); {
		if name := camel(m.Name()); string(name) == "functionCallingConfig" {
			d.calling(m.Value())
		} else {
			d.advise("toolConfig."+string(name), m.Value())
		}
	}
}

func (d *reader) calling(v []byte) {
	mode := ""
	c := &d.r.ToolChoice
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch name := camel(m.Name()); string(name) {
		case "mode":
			if mode = word(v); len(v) == 1 { // the number of the word
				mode = map[string]string{"1": "AUTO", "2": "ANY", "3": "NONE", "4": "VALIDATED"}[string(v)]
			}
		case "allowedFunctionNames":
			each(v, func(v []byte) {
				if name := formats.StringOf(v); name != nil {
					c.Names = append(c.Names, name)
				}
			})
		default:
			d.advise("toolConfig.functionCallingConfig."+string(name), v)
		}
	}
	switch {
	case mode == "NONE":
		c.Mode, c.Names = llm.None, nil
	case mode == "ANY" && len(c.Names) == 0:
		c.Mode = llm.Required
	case mode == "ANY" && len(c.Names) == 1:
		c.Mode = llm.Named
	case mode == "ANY":
		c.Mode, c.Must = llm.Allowed, true
	case mode != "" && mode != "AUTO" && mode != "VALIDATED":
		d.fail("toolConfig.functionCallingConfig.mode", "'toolConfig.functionCallingConfig.mode' must be AUTO, ANY, NONE or VALIDATED, not %q", llm.Clip(mode, 40))
	case len(c.Names) > 0:
		c.Mode = llm.Allowed
	}
}
