package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"

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
	out, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url("/models", "").String(), nil)
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
	var ids []string
	gjson.GetBytes(body.Bytes(), "data.#.id").ForEach(func(_, id gjson.Result) bool {
		if id.Type == gjson.String && id.Str != "" {
			ids = append(ids, id.Str)
		}
		return len(ids) < mostModels
	})
	return ids, nil
}
