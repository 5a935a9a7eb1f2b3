package main

import "slices"

// plan is where the boxes of the picture go, in rows: requests go down on one
// side, from the clients to the database, and releases on the other, from a push
// to the e-mail that tells of it.
type plan struct {
	stack
	arrows []arrow
	rows   map[string]int
}

// planned puts what nothing leads to into the first row, and all else one below
// the nearest that leads to it. Arrows across the frame of the network do not
// count: they go sideways.
func planned(s stack) plan {
	p := plan{s, s.arrows(), map[string]int{}}
	boxes := slices.DeleteFunc(p.boxes(), func(box string) bool {
		return slices.ContainsFunc(p.arrows, func(a arrow) bool { return a.to == box && !p.sideways(a) })
	})
	for row := 0; len(boxes) > 0; row++ {
		for _, box := range boxes {
			p.rows[box] = row
		}
		var below []string
		for _, a := range p.arrows {
			_, placed := p.rows[a.to]
			if !placed && !p.sideways(a) && slices.Contains(boxes, a.from) && !slices.Contains(below, a.to) {
				below = append(below, a.to)
			}
		}
		boxes = below
	}
	return p
}

// boxes are the parts but for the network, which is a frame around some, and who
// is outside.
func (p plan) boxes() []string {
	boxes := slices.DeleteFunc(p.parts(), func(part string) bool { return part == p.network() })
	for _, a := range p.arrows {
		for _, end := range []string{a.from, a.to} {
			if !slices.Contains(boxes, end) {
				boxes = append(boxes, end)
			}
		}
	}
	return boxes
}

// sideways is whether an arrow joins a part in the network with one that is not.
func (p plan) sideways(a arrow) bool {
	return p.isPart(a.from) && p.isPart(a.to) && (p.tier(a.from) == "") != (p.tier(a.to) == "")
}

func (p plan) isPart(box string) bool { return slices.Contains(p.parts(), box) }
