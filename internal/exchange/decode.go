package exchange

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// decode undoes a compression that was not asked for.
func decode(res *http.Response) error {
	coding := res.Header.Get("Content-Encoding")
	switch coding {
	case "", "identity":
		return nil
	case "gzip", "x-gzip":
		res.Body = &gunzip{ReadCloser: res.Body}
		res.ContentLength = -1
		return nil
	default:
		return fmt.Errorf("it answered in the content encoding %q, which was not asked for", coding)
	}
}

// gunzip decompresses as it is read; the header of the compressed stream is
// not waited for before the first read.
type gunzip struct {
	io.ReadCloser
	z *gzip.Reader
}

// Read decompresses.
func (g *gunzip) Read(p []byte) (int, error) {
	if g.z == nil {
		z, err := gzip.NewReader(g.ReadCloser)
		if err != nil {
			return 0, err
		}
		g.z = z
	}
	return g.z.Read(p)
}

// mask overwrites the credential wherever it stands in b. One of a few bytes
// would be found in texts that do not tell it.
func (a Attempt) mask(b []byte) {
	secret, rare := a.Secret, a.rare
	if len(secret) < 8 {
		return
	}
	for len(b) >= len(secret) {
		at := bytes.IndexByte(b[rare:], secret[rare])
		if at < 0 {
			return
		}
		if b[at] != secret[0] || !bytes.HasPrefix(b[at:], secret) {
			b = b[at+1:]
			continue
		}
		for i := range secret {
			b[at+i] = '*'
		}
		b = b[at+len(secret):]
	}
}

// rarity orders what credentials are made of by how rarely it stands in what
// models write and how that is wrapped, the rarest first.
const rarity = "QZXJVKWYGUBPHFDLMOCRNSTAEI9875643210+/=zjqxkvw_-ybgpfhumdlsrcnoita.e"

// rarest returns the place of the byte by which a credential is searched for.
func rarest(secret []byte) (at int) {
	best := len(rarity)
	for i, c := range secret {
		if r := strings.IndexByte(rarity, c); r >= 0 && r < best {
			best, at = r, i
		}
	}
	return at
}
