package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/aiclient2api/caddy-aiclient2api"
)

func main() { caddycmd.Main() }
