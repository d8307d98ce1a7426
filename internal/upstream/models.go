package upstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/internal/buffer"
)

// maxModels bounds a provider's list of models, in bytes.
const maxModels = 8 << 20

// mostModels bounds how many of its models are listed.
const mostModels = 5000

// ErrNoList says that no account can be asked for a list of models.
var ErrNoList = errors.New("no account has a credential of its own")

// Models asks the provider for the models that it serves, with the first
// account whose credential is the operator's.
func (p *Pool) Models(ctx context.Context) ([]string, error) {
	for _, a := range p.Accounts {
		if a.own() && a.local == nil {
			return p.models(ctx, a)
		}
	}
	return nil, ErrNoList
}

func (p *Pool) models(ctx context.Context, a *Account) ([]string, error) {
	ctx = context.WithValue(ctx, caddy.ReplacerCtxKey, caddy.NewReplacer()) // for header_up
	path, query, _ := strings.Cut(cmp.Or(a.Provider.Spec().ModelList, "/models"), "?")
	out, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url(path, query).String(), nil)
	if err != nil {
		return nil, err
	}
	out.Header = http.Header{"Accept": jsonType, "Accept-Encoding": identity, "User-Agent": userAgent}
	if err := p.sign(out, a, nil, a.Secret); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	res, err := p.base.RoundTrip(out)
	if err != nil {
		return nil, a.hide(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("provider answered with status %d", res.StatusCode)
	}
	body, err := buffer.Read(res.Body, res.ContentLength, maxModels)
	if err != nil {
		return nil, err
	}
	defer body.Release()
	if !formats.Balanced(body.Bytes()) {
		return nil, errors.New("provider's list of models is not JSON")
	}
	return modelIDs(gjson.ParseBytes(body.Bytes())), nil
}

// modelIDs reads a list of models. Of Google's list, which names all that it
// has, only those that hold a conversation count.
func modelIDs(list gjson.Result) (ids []string) {
	add := func(id gjson.Result) bool {
		if id.Type == gjson.String && id.Str != "" {
			ids = append(ids, strings.TrimPrefix(id.Str, "models/"))
		}
		return len(ids) < mostModels
	}
	if data := list.Get("data.#.id"); data.Exists() {
		data.ForEach(func(_, id gjson.Result) bool { return add(id) })
		return ids
	}
	list.Get("models").ForEach(func(_, m gjson.Result) bool {
		methods := m.Get("supportedGenerationMethods")
		if methods.Exists() && !methods.Get(`#(=="generateContent")`).Exists() {
			return true
		}
		return add(m.Get("name"))
	})
	return ids
}
