package messages

import "testing"

// TestParse: names as they are seen at Anthropic, Bedrock, Vertex and routers.
func TestParse(t *testing.T) {
	for name, want := range map[string]struct {
		claude  bool
		family  string
		version int
	}{
		"claude-3-haiku-20240307":                            {true, "haiku", 300},
		"claude-3-5-sonnet-latest":                           {true, "sonnet", 305},
		"claude-3-7-sonnet-20250219":                         {true, "sonnet", 307},
		"claude-sonnet-4-20250514":                           {true, "sonnet", 400},
		"claude-opus-4-0":                                    {true, "opus", 400},
		"claude-opus-4-1-20250805":                           {true, "opus", 401},
		"claude-sonnet-4-5@20250929":                         {true, "sonnet", 405},
		"us.anthropic.claude-sonnet-4-5-20250929-v1:0":       {true, "sonnet", 405},
		"arn:aws:bedrock:x:1:p/anthropic.claude-opus-4-6-v1": {true, "opus", 406},
		"anthropic/claude-opus-4.1":                          {true, "opus", 401},
		"anthropic/claude-4.7-opus":                          {true, "opus", 407},
		"Claude-Opus-4-8":                                    {true, "opus", 408},
		"claude-sonnet-4-5[1m]":                              {true, "sonnet", 405},
		"claude-opus-5":                                      {true, "opus", 500},
		"claude-fable-5-2":                                   {true, "fable", 502},
		"claude-mythos-preview":                              {true, "mythos", 0},
		"claude-2.1":                                         {true, "", 201},
		"anthropic.claude-v2:1":                              {true, "", 201},
		"claude-instant-1.2":                                 {true, "instant", 102},
		"claude":                                             {true, "", 0},
		"deepseek-chat":                                      {},
		"":                                                   {},
	} {
		claude, family, version := parse(name)
		if claude != want.claude || family != want.family || version != want.version {
			t.Errorf("%s: got %v %s %d", name, claude, family, version)
		}
	}
}
