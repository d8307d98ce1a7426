package upstream

import (
	"fmt"

	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
)

// PenaltyRows returns the table of penalties as the documentation has it.
func PenaltyRows() (rows []string) {
	for class, p := range penalties {
		if p.First == 0 {
			continue
		}
		scope := "account"
		if p.Model {
			scope = "model"
		}
		took := fmt.Sprintf("%v, doubled up to %v", p.First, p.Most)
		if p.First == p.Most {
			took = p.First.String()
		}
		stated := ""
		if p.Stated {
			stated = ", or as the provider says"
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s%s |", exchange.Class(class), scope, took, stated))
	}
	return rows
}
