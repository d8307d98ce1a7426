package jsonschema

import (
	"bytes"
	"hash/maphash"
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// composite is an object that is put together from several schemas.
type composite struct {
	properties []property
	places     map[string]int // of properties, by name
	required   [][]byte       // literals, each name once
	names      map[string]bool
	size       int // bytes of all that is in it
	lossy      bool
}

// property is a property of a composite: all that is said of it at once, and
// what is said of it in one alternative or another.
type property struct {
	key      []byte
	all, any once
}

// property returns the property of that name, a new one if there is none.
func (c *composite) property(key []byte) *property {
	name := word(key)
	if at, ok := c.places[name]; ok {
		return &c.properties[at]
	}
	if c.places == nil {
		c.places = make(map[string]int)
	}
	c.places[name] = len(c.properties)
	c.properties = append(c.properties, property{key: key})
	c.size += len(key) + len(`"":{"anyOf":[],"allOf":[]},`)
	return &c.properties[len(c.properties)-1]
}

// say adds what a property is in any case, offer what it is in one.
func (c *composite) say(key, v []byte)   { c.size += c.property(key).all.add(v) }
func (c *composite) offer(key, v []byte) { c.size += c.property(key).any.add(v) }

// require adds a name.
func (c *composite) require(v []byte) {
	name := formats.Decoded(v)
	if c.names[name] {
		return
	}
	if c.names == nil {
		c.names = make(map[string]bool)
	}
	c.names[name] = true
	c.required = append(c.required, v)
	c.size += len(v) + len(",")
}

// append appends the object, with what else base, the schema itself, says.
func (c *composite) append(dst, base []byte) []byte {
	dst = append(dst, `{"type":"object"`...)
	var properties, required bool
	for m := formats.MembersOf(base); m.Next(); {
		switch string(m.Name()) {
		case "type", "anyOf", "oneOf", "allOf", "$ref":
		case "properties":
			if !properties {
				dst = c.appendProperties(dst)
			}
			properties = true
		case "required":
			if !required {
				dst = c.appendRequired(dst)
			}
			required = true
		default:
			dst = appendMember(dst, m.Key)
			dst = append(dst, m.Value()...)
		}
	}
	if !properties {
		dst = c.appendProperties(dst)
	}
	if !required && len(c.required) > 0 {
		dst = c.appendRequired(dst)
	}
	return append(dst, '}')
}

// appendMember appends the name of a member, and a comma if it is not the first.
func appendMember[K string | []byte](dst []byte, key K) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(append(append(dst, '"'), key...), `":`...)
}

func (c *composite) appendProperties(dst []byte) []byte {
	dst = append(appendMember(dst, "properties"), '{')
	for i := range c.properties {
		dst = appendMember(dst, c.properties[i].key)
		dst = c.properties[i].appendValue(dst)
	}
	return append(dst, '}')
}

func (c *composite) appendRequired(dst []byte) []byte {
	return appendList(appendMember(dst, "required"), c.required)
}

// appendList appends an array.
func appendList(dst []byte, list [][]byte) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, v...)
	}
	return append(dst, ']')
}

// appendValue appends the schema of a property.
func (p *property) appendValue(dst []byte) []byte {
	every, one := p.all.list, p.any.list
	switch {
	case len(one) == 0 && len(every) == 1:
		return append(dst, every[0]...)
	case len(every) == 0 && len(one) == 1:
		return append(dst, one[0]...)
	}
	dst = append(dst, '{')
	if len(one) > 0 {
		dst = appendList(appendMember(dst, "anyOf"), one)
	}
	if len(every) > 0 {
		dst = appendList(appendMember(dst, "allOf"), every)
	}
	return append(dst, '}')
}

// once is a list of values without repeats. If they are more than a few they
// are known by their hashes: to compare each with all others takes too long.
type once struct {
	list [][]byte
	seen map[uint64]bool
}

const few = 8

var seed = maphash.MakeSeed()

// add adds a value if it is new, and returns by how many bytes the list grows.
func (o *once) add(v []byte) int {
	if len(o.list) < few {
		if slices.ContainsFunc(o.list, func(other []byte) bool { return bytes.Equal(other, v) }) {
			return 0
		}
	} else {
		if o.seen == nil {
			o.seen = make(map[uint64]bool)
			for _, other := range o.list {
				o.seen[maphash.Bytes(seed, other)] = true
			}
		}
		hash := maphash.Bytes(seed, v)
		if o.seen[hash] {
			return 0
		}
		o.seen[hash] = true
	}
	o.list = append(o.list, v)
	return len(v) + len(",")
}
