"""Texts in the manner of the format's public ancestor, sound ones and broken ones."""

from __future__ import annotations

SOUND = {
    "typical": """\
# ════════════════════════════════════════
# ЖУРНАЛ: учёт событий | φ² + 1/φ² = 3
# ════════════════════════════════════════

name: event_ledger_v7
version: "7.0.0"
language: zig
module: event_ledger

creation_pattern:
  source: RawEvents
  transformer: LedgerWriter
  result: SealedLedger

sacred_constants:
  phi: 1.618033988749895
  mu: 3.82e-2
  3_cubed: 27

types:
  # ── вложенное ──
  Event:
    fields:
      id: String
      weight: f64   # 0..1
      parent: Option<Event>
      tags: List<String>
      note: str?

  Level:
    enum: [low, mid, high]

behaviors:
  - name: append_event
    given: An open ledger, and an event e with e.weight > 0
    when: append is called, twice for "x"
    then: "The ledger holds |before| + 1 events"
    test_cases:
      - name: first
        input: {events: [], event: {id: "a#1", weight: 0.5}}
        expected: { size: 1, ok: true }  # one
      - name: batch
        input: {sizes: [0; 64], every: 250ms}
        expected: {size: 64}

  - name: seal
    Given: "Ledger"
    When: "Sealed"
    Then: "Hash = H(e₁ ⊕ e₂)"
""".replace(
        "append is called: twice", "append is called, twice"
    ),
    "types as a list": """\
name: shape_tool
version: "0.3.0"
target: 999
module: Ⲙ_shapes
output: 999/ⲥⲭⲏⲙⲁ/shapes.999

types:
- name: Outline
  kind: struct
  fields:
  - name: points
    type: "[]const Point"
  - name: owner
    type: "*Canvas"
- name: Mode
  kind: enum
  values:
    - fill     # \\x1b[1m
    - stroke   # -- not filled

pas_analysis:
  patterns: [PRE, D&C]
  improvements:
    - id: A-1
      speedup: 1.5x
      confidence: 85%
      
    - id: A-2
      speedup: "10x"
      
commands:
  - flag: "--width, -w"
    default: 80
""",
    "blocks of text": """\
name: essay
description: |
  Первая строка.
  
  - Not a list: text
      deeper   # no comment
  {neither: [a, map]}

implementation: |-
  fn area(w: u32, h: u32) -> u32 {
      return w * h;   // trailing
  }

checksum: |+
  ends with blank lines


after: done
steps:
  - |
    one
     two
  - "a \\"b\\" \\\\ \\t c"
  - 'it''s'
""",
    "flow over lines": """\
memory: {page: 4096, huge: 2097152,
  levels: [
    {name: L1, ns: 1.0},   # nearest
    {name: RAM, ns: 100,},
  ]
}
ranges: { a: [-20, -15], b: [.5, 1e-9], c: [0x1F, 0o17, ~, null, yes, 1_000] }
empty: {}
none: []
""",
    "plain over lines": """\
summary: first line
  second line with x := y and a::b

  after a blank line
ratio: 1/φ ≈ 0.618 # trailing
url: https://example.org/a?b=c#d
time: 12:30:45
date: 2026-01-17
-dash: starts with a dash
?mark: and a question mark
""",
}

BROKEN = {
    "a zero between sections": "metrics:\n  n: 3\n  m: 0\n0\n\ntypes:\n  - name: A\n",
    "another language": "// a header\nuse std::json\n\nstruct User {\n    id: String,\n}\n\nfn main() {\n    x();\n}\n",
    "a list behind its key": "name: x\nvalues: - a\nafter: 1\n",
    "a type with brackets": "fields:\n  data: [4]u64\n  next: *Node\n  maybe: ?T\nafter: 1\n",
    "a colon too many": "name: x\ngiven: rule: no quotes\nwhen: y\n",
    "an unclosed quote": 'name: "x\nversion: 1\nmodule: m\n',
    "an unclosed bracket": "types:\n  A: [one, two\n  B: three\nmodule: m\n",
    "tabs": "name: x\ntypes:\n\tA:\n\t\tfields: 1\nmodule: m\n",
    "deeper than its mapping": "name: x\n  version: 1\nmodule: m\n",
    "between two levels": "a:\n    b: 1\n  c: 2\nd: 3\n",
}
