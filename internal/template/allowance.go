// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package template

import "reflect"

// tickName is the function that each pass of a loop calls. No template can name it: the parser does not know it.
const tickName = "tick"

const (
	// maxWork is how many bytes the functions of one rendering may take in and give back altogether, and how long, in
	// characters of the template, its loops may be.
	maxWork   = 16 << 20
	maxLooped = 100_000
	// share is for how many times the allowance of one template those of an object may stand together.
	share = 4
)

// allowance is what the template at hand may still do and write, and what those of its object may, all together.
type allowance struct{ own, shared spending }

// spending is what may still be spent: work and output in bytes, loops in characters.
type spending struct{ work, looped, output int }

func newAllowance() *allowance {
	return &allowance{shared: spending{work: share * maxWork, looped: share * maxLooped, output: share * MaxOutput}}
}

// renew gives the next template its own.
func (a *allowance) renew() {
	a.own = spending{work: maxWork, looped: maxLooped, output: MaxOutput}
}

// tick spends what one pass of a loop costs.
func (a *allowance) tick(cost int) (string, error) {
	a.own.looped -= cost
	a.shared.looped -= cost
	return "", a.exhausted()
}

// write spends output.
func (a *allowance) write(n int) error {
	a.own.output -= n
	a.shared.output -= n
	return a.exhausted()
}

// spend takes the size of values from the work that is left.
func (a *allowance) spend(values []reflect.Value) error {
	for _, value := range values {
		cost := measure(value).bytes + 1
		a.own.work -= cost
		a.shared.work -= cost
	}
	return a.exhausted()
}

func (a *allowance) exhausted() error {
	switch {
	case a.own.output < 0:
		return errOutput
	case a.own.work < 0 || a.own.looped < 0:
		return errWork
	case a.shared.output < 0:
		return errSharedOutput
	case a.shared.work < 0 || a.shared.looped < 0:
		return errSharedWork
	}
	return nil
}

// guard returns a function that does the same and spends the bytes of what it is given and of what it returns. It does
// nothing when the check, which may be nil, fails.
func (a *allowance) guard(function any, check func([]reflect.Value) error) any {
	f := reflect.ValueOf(function)
	t := f.Type()
	in, out := make([]reflect.Type, t.NumIn()), []reflect.Type{t.Out(0), reflect.TypeFor[error]()}
	for i := range in {
		in[i] = t.In(i)
	}
	refuse := func(err error) []reflect.Value {
		return []reflect.Value{reflect.Zero(out[0]), reflect.ValueOf(err)}
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, t.IsVariadic()), func(args []reflect.Value) []reflect.Value {
		if err := a.spend(args); err != nil {
			return refuse(err)
		}
		if check != nil {
			if err := check(args); err != nil {
				return refuse(err)
			}
		}
		call := f.Call
		if t.IsVariadic() {
			call = f.CallSlice
		}
		results := call(args)
		if err := a.spend(results[:1]); err != nil {
			return refuse(err)
		}
		if len(results) == 1 {
			results = append(results, reflect.Zero(out[1]))
		}
		return results
	}).Interface()
}

// extent is how large a value is.
type extent struct {
	// bytes it takes, about, in memory or as text; values that it consists of; depth of what it nests.
	bytes, values, depth int
}

const (
	// perValue and perMap are the bytes that a value takes besides its text, and that a map takes.
	perValue = 24
	perMap   = 320
)

func measure(v reflect.Value) extent {
	e := extent{bytes: perValue, values: 1}
	switch v.Kind() {
	case reflect.String:
		e.bytes += v.Len()
	case reflect.Interface:
		if !v.IsNil() {
			return measure(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			e.contain(measure(v.Index(i)))
		}
	case reflect.Map:
		e.bytes += perMap
		for key, value := range v.Seq2() {
			e.contain(measure(key))
			e.contain(measure(value))
		}
	default:
	}
	return e
}

// contain adds a part.
func (e *extent) contain(part extent) {
	e.bytes += part.bytes
	e.values += part.values
	e.depth = max(e.depth, part.depth+1)
}
