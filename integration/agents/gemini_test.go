//go:build unix

package agents

import (
	"fmt"
)

func geminiCalls(calls []call) []string {
	events := []string{geminiChunk(`{"text":`+quoted(thought)+`,"thought":true}`, "")}
	for i, c := range calls {
		part := fmt.Sprintf(`{"functionCall":{"id":%q,"name":%q,"args":%s}`, c.id, c.name, arguments(c))
		if i == 0 { // of parallel calls the first one is signed
			part += `,"thoughtSignature":` + quoted(signature)
		}
		events = append(events, geminiChunk(part+`}`, ""))
	}
	return append(events, geminiChunk(`{"text":""}`, "STOP"))
}

func geminiSays(said string) []string {
	return []string{geminiChunk(`{"text":`+quoted(said)+`}`, ""), geminiChunk(`{"text":""}`, "STOP")}
}

func geminiChunk(part, finish string) string {
	end := ""
	if finish != "" {
		end = `,"finishReason":"` + finish + `"`
	}
	return `data: {"candidates":[{"content":{"role":"model","parts":[` + part + `]},"index":0` + end + `}],` +
		`"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":7,"totalTokenCount":18},"modelVersion":"gemini-3-pro-preview","responseId":"r1"}`
}

func geminiOffered(body map[string]any) (names []string) {
	for _, t := range list(body["tools"]) {
		for _, f := range list(at(t, "functionDeclarations")) {
			names = append(names, text(at(f, "name")))
		}
	}
	return names
}

func geminiResults(body map[string]any) (all []result) {
	for _, c := range list(body["contents"]) {
		for _, part := range list(at(c, "parts")) {
			if r := at(part, "functionResponse"); r != nil {
				all = append(all, result{text(at(r, "id")), encoded(at(r, "response"))})
			}
		}
	}
	return all
}
