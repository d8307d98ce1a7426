package gemini

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// config reads the generation config
// (https://ai.google.dev/api/generate-content#generationconfig).
func (d *reader) config(v []byte) {
	var schema, lesser []byte
	mime := ""
	r := d.r
	for m := formats.MembersOf(v); m.Next() && d.err == nil; {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch name := string(camel(m.Name())); name {
		case "temperature":
			r.Temperature = d.number(name, v)
		case "topP":
			r.TopP = d.number(name, v)
		case "topK":
			r.TopK = d.integer(name, v)
		case "maxOutputTokens":
			r.MaxTokens = d.integer(name, v)
		case "seed":
			r.Seed = d.integer(name, v)
		case "presencePenalty":
			r.PresencePenalty = d.number(name, v)
		case "frequencyPenalty":
			r.FrequencyPenalty = d.number(name, v)
		case "candidateCount":
			n, ok := formats.Int(d.integer(name, v))
			if !ok || n < 1 || n > maxChoices {
				d.fail(place(name), "'%s' must be a number from 1 to %d", place(name), maxChoices)
			}
			r.Candidates = int(n)
		case "stopSequences":
			each(v, func(v []byte) {
				s := formats.StringOf(v)
				if s == nil {
					d.fail(place(name), "'%s' must be a list of texts", place(name))
				}
				r.Stop = append(r.Stop, s)
			})
		case "responseLogprobs":
			r.Logprobs = string(v) == "true"
		case "logprobs":
			r.TopLogprobs = d.integer(name, v)
		case "responseMimeType":
			mime = strings.ToLower(formats.Decoded(formats.StringOf(v)))
		case "responseJsonSchema":
			schema = v
		case "responseSchema":
			lesser = v
		case "responseModalities":
			each(v, d.modality)
		case "thinkingConfig":
			d.thinking(v)
		default:
			d.advise(place(name), v)
		}
	}
	if !r.Logprobs {
		r.TopLogprobs = nil
	}
	google := schema == nil
	if google {
		schema = lesser
	}
	d.output(mime, schema, google)
}

// place names a member of the generation config.
func place(name string) string { return "generationConfig." + name }

// number reads a number; proto3 JSON takes one that is quoted.
func (d *reader) number(name string, v []byte) llm.Number {
	if s := formats.StringOf(v); s != nil {
		if v = s.Inner(); !formats.Valid(v) {
			v = nil
		}
	}
	n := formats.AsNumber(bytes.TrimSpace(v))
	if n == nil {
		d.fail(place(name), "'%s' must be a number", place(name))
	}
	return n
}

// integer is number for what is an integer to all, also if it was written
// with a point.
func (d *reader) integer(name string, v []byte) llm.Number {
	n := d.number(name, v)
	if bytes.ContainsAny(n, ".eE") {
		if i, ok := formats.Int(n); ok {
			return strconv.AppendInt(nil, i, 10)
		}
	}
	return n
}

// modality reads in what form the answer may come
// (https://ai.google.dev/api/generate-content#Modality).
func (d *reader) modality(v []byte) {
	out := &d.r.Output
	switch w := word(v); {
	case w == "IMAGE" || string(v) == "2":
		out.Media = append(out.Media, llm.Image)
	case w == "AUDIO" || string(v) == "3":
		out.Media = append(out.Media, llm.Audio)
	case w == "TEXT", w == "" && (v[0] == '"' || string(v) == "0" || string(v) == "1"):
	default:
		d.fail("generationConfig.responseModalities", "'generationConfig.responseModalities' must hold TEXT, IMAGE or AUDIO, not %s", llm.Clip(string(v), 40))
	}
}

// output reads the form of the answer's text
// (https://ai.google.dev/gemini-api/docs/structured-output).
func (d *reader) output(mime string, schema []byte, google bool) {
	switch {
	case mime != "" && mime != "application/json":
		if mime != "text/plain" {
			d.lose("generationConfig.responseMimeType")
		}
	case schema != nil && schema[0] == '{':
		d.r.Output = llm.Output{Form: llm.ToSchema, Schema: d.schema("generationConfig.responseSchema", schema, google)}
	case mime != "":
		d.r.Output.Form = llm.JSON
	}
}

// thinking reads how much to think: a budget or a level
// (https://ai.google.dev/gemini-api/docs/thinking). What was thought is told
// only if the client asks for it.
func (d *reader) thinking(v []byte) {
	r := &d.r.Reasoning
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch name := string(camel(m.Name())); name {
		case "includeThoughts":
			r.Hide = string(v) != "true"
		case "thinkingBudget":
			if n, ok := formats.Int(d.integer("thinkingConfig."+name, v)); ok && n >= 0 {
				r.Budget = llm.Tokens(n)
			} else {
				r.Adaptive = true
			}
		case "thinkingLevel":
			if w := word(v); w != "" {
				r.Effort = llm.Effort(strings.ToLower(w))
				if _, ok := r.Effort.Rank(); !ok {
					d.fail(place("thinkingConfig.thinkingLevel"), "'%s' must be MINIMAL, LOW, MEDIUM or HIGH, not %q", place("thinkingConfig.thinkingLevel"), llm.Clip(w, 40))
				}
			}
		default:
			d.advise(place("thinkingConfig."+name), v)
		}
	}
	if !r.Hide && !r.Asked() {
		r.Adaptive = true
	}
}
