package integration

import (
	"net/http"
	"testing"

	"github.com/openai/openai-go/v3"
)

// The smallest image and the beginning of a document.
const (
	pngData = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	pdfData = "JVBERi0xLjQKMSAwIG9iago8PCAvVHlwZSAvQ2F0YWxvZyA+PgplbmRvYmoK"
)

// image is a part of a message.
func image(url string) openai.ChatCompletionContentPartUnionParam {
	return openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: url})
}

// document is a part of a message.
func document(name, data string) openai.ChatCompletionContentPartUnionParam {
	return openai.FileContentPart(openai.ChatCompletionContentPartFileFileParam{
		Filename: openai.String(name), FileData: openai.String(data),
	})
}

// showing is a conversation with a text and a part beside it.
func showing(model string, part openai.ChatCompletionContentPartUnionParam) openai.ChatCompletionNewParams {
	params := sayTo(model, "")
	params.Messages[0] = openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
		openai.TextContentPart("What do you see?"), part,
	})
	return params
}

// Images and documents arrive with all their bytes, in the provider's form.
func TestTranslatedMedia(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, tt := range []struct {
			name string
			part openai.ChatCompletionContentPartUnionParam
			want map[string]string // the part that arrives, by vendor
		}{
			{
				name: "image in a data URL", part: image("data:image/png;base64," + pngData),
				want: map[string]string{
					"anthropic": `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + pngData + `"}}`,
					"gemini":    `{"inlineData":{"mimeType":"image/png","data":"` + pngData + `"}}`,
				},
			},
			{
				name: "image by URL", part: image("https://images.example.com/a%20cat.png?size=1&x=y"),
				want: map[string]string{
					"anthropic": `{"type":"image","source":{"type":"url","url":"https://images.example.com/a%20cat.png?size=1&x=y"}}`,
					"gemini":    `{"fileData":{"mimeType":"image/png","fileUri":"https://images.example.com/a%20cat.png?size=1&x=y"}}`,
				},
			},
			{
				name: "PDF in a data URL", part: document("report.pdf", "data:application/pdf;base64,"+pdfData),
				want: map[string]string{
					"anthropic": `{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"` + pdfData + `"},"title":"report.pdf"}`,
					"gemini":    `{"inlineData":{"mimeType":"application/pdf","data":"` + pdfData + `"}}`,
				},
			},
			{
				name: "text file", part: document("notes.txt", "data:text/plain;base64,xbzDs8WCxIcg8J+Riw=="),
				want: map[string]string{
					"anthropic": `{"type":"document","source":{"type":"text","media_type":"text/plain","data":"żółć 👋"},"title":"notes.txt"}`,
					"gemini":    `{"inlineData":{"mimeType":"text/plain","data":"xbzDs8WCxIcg8J+Riw=="}}`,
				},
			},
			{name: "file that another vendor keeps", part: openai.FileContentPart(openai.ChatCompletionContentPartFileFileParam{FileID: openai.String("file-123")})},
			{name: "image of a private network", part: image("http://192.168.0.1/cat.png")},
		} {
			t.Run(tt.name, func(t *testing.T) {
				s.reset(t)
				params := showing(v.model, tt.part)
				want, can := tt.want[v.name]
				if !can {
					_, err := client.Chat.Completions.New(t.Context(), params)
					if e := checkError(t, err, http.StatusBadRequest, "unsupported_by_provider"); e.Param != "messages[0].content[1]" {
						t.Errorf("the error names %q: %s", e.Param, e.RawJSON())
					}
					checkSent(t, s, v, 0)
					return
				}
				if got := complete(t, client, params).Choices[0].Message.Content; got != strictText {
					t.Errorf("text is %q", got)
				}
				log := checkSent(t, s, v, 1)
				turns, parts := "messages", "content"
				if v.name == "gemini" {
					turns, parts = "contents", "parts"
				}
				body := read(t, log[0].Body)
				body.at(turns, 0, parts, 0, "text").is(t, "the text", `"What do you see?"`)
				body.at(turns, 0, parts, 1).is(t, "the part", want)
			})
		}
	})
}
