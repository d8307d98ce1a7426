package messages

import "github.com/aiclient2api/caddy-aiclient2api/formats"

// AppendModel appends a model. When it was released is not known here; the
// epoch stands for that (https://docs.claude.com/en/api/models-list).
func (Client) AppendModel(dst []byte, m formats.Model) []byte {
	dst = append(dst, `{"type":"model","id":`...)
	dst = formats.AppendString(dst, m.ID)
	dst = append(dst, `,"display_name":`...)
	dst = formats.AppendString(dst, m.ID)
	return append(dst, `,"created_at":"1970-01-01T00:00:00Z"}`...)
}

// AppendModels appends a list, all of it on one page.
func (c Client) AppendModels(dst []byte, list []formats.Model) []byte {
	dst = append(dst, `{"data":[`...)
	for i, m := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.AppendModel(dst, m)
	}
	dst = append(dst, `],"has_more":false,"first_id":`...)
	if len(list) == 0 {
		return append(dst, `null,"last_id":null}`...)
	}
	dst = formats.AppendString(dst, list[0].ID)
	dst = append(dst, `,"last_id":`...)
	dst = formats.AppendString(dst, list[len(list)-1].ID)
	return append(dst, '}')
}
