package responses

import "github.com/aiclient2api/caddy-aiclient2api/formats"

// AppendModel appends a model
// (https://platform.openai.com/docs/api-reference/models/object). When it was
// made is not known here.
func (Client) AppendModel(dst []byte, m formats.Model) []byte {
	dst = append(dst, `{"id":`...)
	dst = formats.AppendString(dst, m.ID)
	dst = append(dst, `,"object":"model","created":0,"owned_by":`...)
	dst = formats.AppendString(dst, m.Owner)
	return append(dst, '}')
}

// AppendModels appends a list of models.
func (c Client) AppendModels(dst []byte, list []formats.Model) []byte {
	dst = append(dst, `{"object":"list","data":[`...)
	for i, m := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.AppendModel(dst, m)
	}
	return append(dst, "]}"...)
}
