package main

import (
	"context"
	"fmt"
	"time"
)

// pageSize is how many notes are listed at once.
const pageSize = 50

type note struct {
	ID        int64     `json:"id"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"createdAt"`
}

// list reads the newest notes before one, from a reader.
func (d database) list(ctx context.Context, before int64) ([]note, error) {
	rows, err := d.reader.QueryContext(ctx,
		"select id, text, created_at from notes where id < ? order by id desc limit ?", before, pageSize)
	if err != nil {
		return nil, fmt.Errorf("list notes: %w", err)
	}
	defer rows.Close()
	notes := []note{} // [] in JSON, not null
	for rows.Next() {
		var n note
		if err := rows.Scan(&n.ID, &n.Text, &n.CreatedAt); err != nil {
			return nil, fmt.Errorf("list notes: %w", err)
		}
		notes = append(notes, n)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list notes: %w", err)
	}
	return notes, nil
}

// add keeps a note, at the writer.
func (d database) add(ctx context.Context, text string) (note, error) {
	n := note{Text: text, CreatedAt: time.Now().UTC().Truncate(time.Millisecond)}
	result, err := d.writer.ExecContext(ctx, "insert into notes (text, created_at) values (?, ?)", n.Text, n.CreatedAt)
	if err != nil {
		return note{}, fmt.Errorf("add a note: %w", err)
	}
	if n.ID, err = result.LastInsertId(); err != nil {
		return note{}, fmt.Errorf("add a note: %w", err)
	}
	return n, nil
}
