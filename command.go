package aiclient2api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "aiclient2api",
		Usage: "<command>",
		Short: "Asks a running AI gateway how it is",
		Long: `
Tells how the accounts of a running gateway are, or asks a model through it.
Both use Caddy's admin API, whose address is found as 'caddy reload' finds it.`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Args = cobra.NoArgs // an unknown command is an error
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			cmd.AddCommand(statusCommand(), testCommand())
		},
	})
}

// statusCommand is `caddy aiclient2api status`.
func statusCommand() *cobra.Command {
	return command(&cobra.Command{
		Use:   "status [--address <interface>] [--config <path> [--adapter <name>]] [--json]",
		Short: "Tells how the accounts are",
		Long: `
Tells of each account whether it may be asked, and if not, why and until when.
The exit status is 1 if a provider has no account that may be asked.`,
		Args: cobra.NoArgs,
	}, runStatus)
}

// testCommand is `caddy aiclient2api test`.
func testCommand() *cobra.Command {
	cmd := command(&cobra.Command{
		Use:   "test <model> [--message <text>] [--stream] [--handler <name>] [--address <interface>] [--config <path> [--adapter <name>]] [--json]",
		Short: "Asks a model through the gateway",
		Long: `
Asks a model as a client would, without a client key, and tells who answered.
The exit status is 1 if nobody did.`,
		Args: cobra.ExactArgs(1),
	}, runTest)
	cmd.Flags().StringP("message", "m", "", "What to say to the model")
	cmd.Flags().Bool("stream", false, "Ask for a stream")
	cmd.Flags().String("handler", "", "Which handler to ask, if there are several: a host of its site, an address that it listens on, or its number")
	return cmd
}

// command completes a command with what all have.
func command(cmd *cobra.Command, run func(io.Writer, caddycmd.Flags) error) *cobra.Command {
	cmd.Flags().String("address", "", "The address of the admin API")
	cmd.Flags().StringP("config", "c", "", "Configuration file to find the address in, if --address is not given")
	cmd.Flags().StringP("adapter", "a", "", "Name of the configuration's adapter")
	cmd.Flags().Bool("json", false, "Print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return caddycmd.WrapCommandFuncForCobra(func(fl caddycmd.Flags) (int, error) {
			if err := run(cmd.OutOrStdout(), fl); err != nil {
				return caddy.ExitCodeFailedStartup, err
			}
			return caddy.ExitCodeSuccess, nil
		})(cmd, args)
	}
	return cmd
}

// ask asks the admin API. With --json the answer is printed as it came.
func ask(out io.Writer, fl caddycmd.Flags, method, path string, body io.Reader, answer any) (printed bool, err error) {
	address, err := caddycmd.DetermineAdminAPIAddress(fl.String("address"), nil, fl.String("config"), fl.String("adapter"))
	if err != nil {
		return false, fmt.Errorf("finding the admin API's address: %w", err)
	}
	res, err := caddycmd.AdminAPIRequest(address, method, path, nil, body)
	if err != nil {
		return false, fmt.Errorf("asking the admin API at %s: %w", address, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return false, fmt.Errorf("reading the admin API's answer: %w", err)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return false, fmt.Errorf("reading the admin API's answer: %w", err)
	}
	if fl.Bool("json") {
		_, err = out.Write(text)
		return true, err
	}
	return false, nil
}

// runStatus prints how the accounts are.
func runStatus(out io.Writer, fl caddycmd.Flags) error {
	var list providerList
	printed, err := ask(out, fl, http.MethodGet, providersPath, nil, &list)
	if err != nil {
		return err
	}
	if !printed {
		if err := printStatus(out, list, time.Now()); err != nil {
			return err
		}
	}
	if len(list.Providers) == 0 {
		return errors.New("no provider is running")
	}
	var down []string
	for _, p := range list.Providers {
		if !slices.ContainsFunc(p.Accounts, accountStatus.askable) {
			down = append(down, p.Name)
		}
	}
	if down != nil {
		return fmt.Errorf("no account may be asked of provider %s", strings.Join(down, ", "))
	}
	return nil
}

// askable reports whether the account may be asked, or is being tried.
func (a accountStatus) askable() bool { return a.State != "cooling" && a.State != "disabled" }

// printStatus prints accounts as a table. A model that is out for an account
// has a line of its own below it.
func printStatus(out io.Writer, list providerList, now time.Time) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(cells ...string) {
		for i, c := range cells {
			cells[i] = printable(c)
		}
		fmt.Fprintln(t, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	line("PROVIDER", "ACCOUNT", "UPSTREAM", "STATE", "UNTIL", "REASON", "IN FLIGHT", "ATTEMPTS", "LAST ERROR")
	for _, p := range list.Providers {
		for _, a := range p.Accounts {
			last := ""
			if e := a.LastError; e != nil {
				last = fmt.Sprintf("%s: %s (%s)", e.Class, e.Message, ago(e.At, now))
			}
			line(p.Name, a.Name, a.Upstream, a.State, left(a.Until, now), a.Reason,
				strconv.FormatInt(a.InFlight, 10), counts(a.Attempts), last)
			for _, m := range a.Models {
				line("", "", "  "+m.Model, m.State, left(m.Until, now), m.Reason)
			}
		}
	}
	return t.Flush()
}

// left returns how long it is until a timestamp, "" if it is over.
func left(at string, now time.Time) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil || !t.After(now) {
		return ""
	}
	return "in " + t.Sub(now).Round(time.Second).String()
}

// ago returns how long ago a timestamp was.
func ago(at string, now time.Time) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return at
	}
	return max(0, now.Sub(t)).Round(time.Second).String() + " ago"
}

// counts lists what was counted, by name.
func counts(by map[string]int64) string {
	list := make([]string, 0, len(by))
	for _, name := range slices.Sorted(maps.Keys(by)) {
		list = append(list, fmt.Sprintf("%s=%d", name, by[name]))
	}
	return strings.Join(list, " ")
}

// runTest asks a model and prints what came of it.
func runTest(out io.Writer, fl caddycmd.Flags) error {
	body, err := json.Marshal(testRequest{
		Model: fl.Arg(0), Message: fl.String("message"), Stream: fl.Bool("stream"), Handler: fl.String("handler"),
	})
	if err != nil {
		return err
	}
	var f finding
	printed, err := ask(out, fl, http.MethodPost, testPath, bytes.NewReader(body), &f)
	if err != nil {
		return err
	}
	if !printed {
		if err := printFinding(out, f); err != nil {
			return err
		}
	}
	if !f.OK {
		if f.Error == nil {
			return errors.New("the answer of the admin API is none of this module's")
		}
		return fmt.Errorf("the test failed: %s", printable(f.Error.Message))
	}
	return nil
}

// printFinding prints what came of a test: facts as a table, then the text.
func printFinding(out io.Writer, f finding) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name string, value any) {
		if s := printable(fmt.Sprint(value)); s != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, s)
		}
	}
	line("handler", f.Handler)
	line("model", f.Model)
	line("provider", f.Provider)
	line("account", f.Account)
	line("upstream model", f.UpstreamModel)
	line("format", f.Format)
	line("status", f.Status)
	line("latency", time.Duration(f.LatencyMS)*time.Millisecond)
	if f.FirstMS != nil {
		line("first token", time.Duration(*f.FirstMS)*time.Millisecond)
	}
	if u := f.Usage; u != nil {
		var parts []string
		for i, n := range [...]*int64{u.Input, u.Output, u.Cached, u.Reasoning} {
			if n != nil {
				parts = append(parts, fmt.Sprintf("%s=%d", tokenKinds[i], *n))
			}
		}
		line("tokens", strings.Join(parts, " "))
	}
	line("left out", f.Lossy)
	for i, a := range f.Attempts {
		text := fmt.Sprintf("%s/%s %s: %s", a.Provider, a.Account, a.Model, a.Class)
		if a.Message != "" {
			text += ", " + a.Message
		}
		line("attempt "+strconv.Itoa(i+1), text)
	}
	if err := t.Flush(); err != nil || f.Text == "" {
		return err
	}
	var text strings.Builder
	for l := range strings.Lines(f.Text) {
		text.WriteString(printable(strings.TrimRight(l, "\r\n")) + "\n")
	}
	_, err := fmt.Fprintf(out, "\n%s", text.String())
	return err
}

// printable returns a text without what a terminal would obey: names of models
// are clients' words, errors and answers providers'.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return '\uFFFD'
	}, s)
}
