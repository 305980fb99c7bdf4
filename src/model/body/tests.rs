//! What the index, the rows and the lines promise, against slow and simple readings.

use std::ops::Range;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::find::{Wanted, search};
use super::*;

fn tree(text: impl AsRef<[u8]>) -> Tree {
    Tree::read(&Bytes::copy_from_slice(text.as_ref()))
}

/// All rows, one by one and each by its number.
fn rows(rows: &Rows, tree: &Tree, closers: bool) -> Vec<Place> {
    let index = &tree.index;
    let mut walked: Vec<Place> = rows.at(index, 0, closers).into_iter().collect();
    while let Some(next) = walked.last().and_then(|last| rows.after(index, *last, closers)) {
        walked.push(next);
    }
    assert_eq!(walked.len() as u64, rows.count(index, closers));
    for (row, place) in walked.iter().enumerate() {
        assert_eq!(rows.at(index, row as u64, closers), Some(*place), "row {row}");
        if !place.close {
            assert_eq!(rows.row_of(index, place.node, closers), row as u64);
        }
    }
    walked
}

fn caught_up(mut rows: Rows, tree: &Tree) -> Rows {
    while rows.catch_up(&tree.index, 3) {}
    rows
}

#[test]
fn numbers_order_and_twice_given_keys_survive() {
    let tree = tree(r#"{"b": 1.50, "a": 12345678901234567890, "acs": {"url": "x\/y"}, "\u0062": [], "3ds": [1, 2]}"#);
    let shown: Vec<_> = (0..9).map(|node| (tree.key(node), tree.value(node), tree.index.repeated(node))).collect();
    assert_eq!(shown[1], (Some("b".into()), "1.50".into(), true));
    assert_eq!(shown[2], (Some("a".into()), "12345678901234567890".into(), false));
    assert_eq!(shown[4], (Some("url".into()), "x/y".into(), false));
    assert_eq!(shown[5], (Some("b".into()), "[]".into(), true));
    assert_eq!((tree.path(4).as_str(), tree.path(8).as_str()), ("$.acs.url", "$['3ds'][1]"));
    assert_eq!((tree.index.members(0), tree.index.members(3), tree.index.members(5)), (Some(5), Some(1), Some(0)));
    assert_eq!(tree.member("a").as_deref(), Some("12345678901234567890"));
    for node in 0..9 {
        let first = if node == 5 { 1 } else { node }; // of the key that stands twice
        assert_eq!(tree.find(&tree.path(node)), Some(first));
    }
    assert_eq!(tree.find("$.acs.nothing"), None);
}

#[test]
fn what_is_no_json_has_rows_up_to_there_and_a_reason() {
    for (text, at, line, column, rows, why) in [
        ("{", 1, 1, 2, 1, "ends before"),
        ("{\n \"a\":01}", 7, 2, 6, 1, "begins with 0"),
        ("[1,]", 3, 1, 4, 2, "a value is missing"),
        ("{\"a\" 1}", 5, 1, 6, 1, "colon"),
        ("{} x", 3, 1, 4, 1, "follows"),
        ("[1 2]", 3, 1, 4, 2, "comma or ]"),
        ("[\"twelve chars\u{1}\"]", 14, 1, 15, 1, "control"),
        ("nul", 0, 1, 1, 0, "true, false and null"),
        ("[\"\\q\"]", 2, 1, 3, 1, "escape"),
        ("[-]", 2, 1, 3, 1, "digit"),
    ] {
        let tree = tree(text);
        let broken = tree.index.broken().expect(text);
        assert_eq!((broken.at, broken.line, broken.column, tree.index.len()), (at, line, column, rows), "{text}");
        assert!(broken.why.contains(why), "{text}: {}", broken.why);
    }
}

#[test]
fn a_huge_object_tells_its_repeated_keys_quickly_and_a_deep_text_needs_no_stack() {
    let keys: String = (0..500_000).map(|n| format!("\"k{}\":{n},", n % 499_999)).collect();
    let wide = tree(format!("{{{}\"end\":0}}", keys));
    let twice: Vec<u32> = (0..wide.index.len() as u32).filter(|node| wide.index.repeated(*node)).collect();
    assert_eq!(twice, [1, 500_000]);
    assert_eq!(wide.index.members(0), Some(500_001));
    let deep = tree(format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)));
    assert!(deep.index.whole());
    assert_eq!((deep.index.len(), deep.index.depth(10_000)), (10_001, 10_000));
    let all = caught_up(Rows::all(), &deep);
    assert_eq!(all.count(&deep.index, true), 20_001);
    assert_eq!(all.at(&deep.index, 20_000, true), Some(Place { node: 0, close: true, depth: 0 }));
}

#[test]
fn the_invalid_is_shown_and_where_it_begins_is_known() {
    let tree = tree(b"{\"a\":\"x\xff\xfe\"}");
    assert!(tree.index.whole());
    assert_eq!((tree.value(1).as_str(), tree.index.not_text()), ("x\\xff\\xfe", Some(7)));
}

#[test]
fn what_is_folded_hides_its_rows_and_shows_what_was_folded_in_it_before() {
    let tree = tree(r#"{"a":{"b":[1,2],"c":{}},"d":[[3]]}"#);
    let mut seen = caught_up(Rows::all(), &tree);
    let nodes = |seen: &Rows| rows(seen, &tree, false).iter().map(|place| place.node).collect::<Vec<_>>();
    assert_eq!(nodes(&seen), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(rows(&seen, &tree, true).len(), 9 + 5);
    seen.toggle(&tree.index, 2);
    seen.toggle(&tree.index, 5); // nothing in it
    assert_eq!(nodes(&seen), [0, 1, 2, 5, 6, 7, 8]);
    seen.toggle(&tree.index, 1);
    assert_eq!(nodes(&seen), [0, 1, 6, 7, 8]);
    assert_eq!(rows(&seen, &tree, true).len(), 5 + 3);
    seen.toggle(&tree.index, 1);
    assert_eq!(nodes(&seen), [0, 1, 2, 5, 6, 7, 8]);
    assert!(seen.reveal(&tree.index, 4) && !seen.any_folded());
    let deep = caught_up(Rows::folded_at(2), &tree);
    assert_eq!(nodes(&deep), [0, 1, 2, 5, 6, 7]);
    let mut only = Rows::only(&tree.index, &[4, 7]);
    assert_eq!(nodes(&only), [0, 1, 2, 4, 6, 7, 8]);
    assert_eq!(rows(&only, &tree, true).len(), 7 + 5);
    assert!(!only.reveal(&tree.index, 3));
    only.toggle(&tree.index, 1);
    assert_eq!(nodes(&only), [0, 1, 6, 7, 8]);
}

#[test]
fn what_ended_before_a_text_breaks_has_its_closing_line() {
    for (text, lines) in [(r#"[["a"]"#, 4), (r#"{"a":[[1]],"b":[2"#, 8), ("[[", 2), ("[[1],{}", 5)] {
        let tree = tree(text);
        assert_eq!(rows(&caught_up(Rows::all(), &tree), &tree, true).len(), lines, "{text}");
        rows(&caught_up(Rows::folded_at(1), &tree), &tree, true);
    }
}

#[test]
fn rows_grow_with_the_index() {
    let text = format!("[{}[1]]", "[1,2],".repeat(5_000));
    let index = Index::new(text.len() as u64);
    let seen = std::cell::RefCell::new((Rows::folded_at(1), Vec::new()));
    scan(text.as_bytes(), &index, &|| {
        let (rows, counts) = &mut *seen.borrow_mut();
        while rows.catch_up(&index, 1000) {}
        counts.push(rows.count(&index, false));
    });
    let (_, counts) = seen.into_inner();
    assert!(counts.len() >= 2 && counts[0] > 1000 && counts[0] < 5_002, "{counts:?}");
    assert_eq!(counts.last(), Some(&5_002));
}

#[test]
fn reading_stops_when_it_is_cancelled() {
    let text = format!("[{}1]", "1,".repeat(50_000));
    let index = Index::new(text.len() as u64);
    scan(text.as_bytes(), &index, &|| index.cancel());
    assert!(index.ended() && !index.whole() && index.broken().is_none());
    assert!(index.len() < 20_000);
}

/// A text in pieces, as if it were a file.
#[derive(Debug)]
struct Pieces(Vec<u8>);

impl Positioned for Pieces {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn fill(&self, at: u64, into: &mut [u8]) -> Result<(), Unread> {
        let from = self.0.get(at as usize..at as usize + into.len()).ok_or(Unread("shrunk".into()))?;
        into.copy_from_slice(from);
        Ok(())
    }
}

fn counted(source: &Source) -> Lines {
    let lines = Lines::new(source.size());
    lines.count(source, &|| ()).expect("readable");
    lines
}

#[test]
fn lines_are_found_without_their_ends() {
    let source = Source::from(Bytes::from_static(b"GET / HTTP/1.1\r\nHost: h\r\n\r\nlone\rcr"));
    let lines = counted(&source);
    let rows = lines.rows(0, 9, 0..80, &source).expect("readable");
    let shown: Vec<Bytes> = rows.iter().map(|row| source.read(row.bytes.clone()).expect("readable")).collect();
    assert_eq!(shown, [&b"GET / HTTP/1.1"[..], b"Host: h", b"", b"lone\rcr"]);
    assert_eq!(lines.of(17, &source), Ok(1));
}

#[test]
fn hits_are_counted_over_the_edges_of_pieces() {
    let mut text = vec![b'.'; 9 << 20];
    for at in [0, (4 << 20) - 3, (4 << 20) - 65_538, (8 << 20) - 131_074, (9 << 20) - 5] {
        text[at..at + 5].copy_from_slice(b"nEe\xc3\xa9");
    }
    let wanted = Wanted { text: "neeÉ".into(), ..Wanted::default() };
    let hits = |source: &Source, wanted: &Wanted| {
        let (mut hits, mut last) = (Vec::new(), 0);
        let pattern = wanted.pattern().expect("a pattern");
        search(source, &pattern, &AtomicBool::new(false), &mut |more, count| {
            hits.extend(more);
            last = count;
            true
        })
        .expect("readable");
        assert_eq!(hits.len() as u64, last);
        hits
    };
    let (memory, file) = (Source::from(Bytes::from(text.clone())), Source::Apart(std::sync::Arc::new(Pieces(text))));
    assert_eq!(hits(&memory, &wanted).len(), 5);
    assert_eq!(hits(&memory, &wanted), hits(&file, &wanted));
    let case = Wanted { case: true, ..wanted.clone() };
    assert!(hits(&memory, &case).is_empty());
    let pattern = Wanted { text: "n[e]{2}.".into(), regex: true, case: false };
    assert_eq!(hits(&file, &pattern).len(), 5);
    let bad = Wanted { text: "(".into(), regex: true, case: false };
    assert!(bad.pattern().expect_err("none").contains("unclosed group"));
    assert!(!Wanted { regex: false, ..bad }.pattern().expect("text").is_match(b"x"));
}

#[test]
fn a_shape_is_told_by_name_and_beginning() {
    for (text, kind, expected) in [
        (&b""[..], None, Shape::Empty),
        (b" {", None, Shape::Json),
        (b"x", Some("application/problem+json"), Shape::Json),
        (b"a=b", Some("application/x-www-form-urlencoded"), Shape::Form),
        (b"<a/>", None, Shape::Xml),
        (b"[x] y", Some("text/plain"), Shape::Text),
        (&[0; 100], Some("text/plain"), Shape::Binary),
    ] {
        assert_eq!(shape(&Bytes::copy_from_slice(text).into(), kind), expected, "{text:?}");
    }
    let set_in = indented_xml(b"<a x='1'><b>c</b><d/></a>").expect("XML");
    assert_eq!(String::from_utf8(set_in).expect("text"), "<a x='1'>\n  <b>c</b>\n  <d/>\n</a>");
    assert!(indented_xml(b"<a><b></a>").expect_err("no XML").contains("byte"));
    assert!(indented_xml(b"<a>").expect_err("no XML").contains("ends"));
}

/// The same value, walked in the tree's order.
fn same(tree: &Tree, node: u32, value: &Value) {
    match value {
        Value::Array(items) => {
            let children: Vec<u32> = tree.children(node).collect();
            assert_eq!((children.len(), tree.index.members(node)), (items.len(), Some(items.len() as u32)));
            for (number, (child, item)) in children.iter().zip(items).enumerate() {
                assert_eq!(tree.index.number(*child), Some(number as u32));
                same(tree, *child, item);
            }
        }
        Value::Object(members) => {
            let twice = tree.children(node).any(|child| tree.index.repeated(child));
            let children: Vec<u32> = tree.children(node).collect();
            assert_eq!(twice, children.len() != members.len());
            for (key, member) in members {
                // serde keeps the last of those that stand twice, in the first one's place.
                let named = |child: &&u32| tree.key(**child).as_deref() == Some(key);
                same(tree, *children.iter().rev().find(named).expect("a member"), member);
            }
        }
        _ => assert_eq!(serde_json::from_slice::<Value>(tree.raw(node)).expect("a value"), *value),
    }
}

/// Bytes that are JSON now and then.
fn jsonish() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop::sample::select(vec![
        &b"{"[..],
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"a\"",
        b"\"a\":",
        b"\"\\u0061\":",
        b"\"b\":1",
        b"1",
        b"-0.5e+3",
        b"01",
        b"true",
        b"null",
        b" ",
        b"\n",
        b"\"\\ud800\"",
        b"\"\xff\"",
        b"\"long string over eight bytes\"",
        b"\"",
        b"\\",
        b"x",
        b"[]",
        b"{}",
    ]);
    prop::collection::vec(parts, 0..24).prop_map(|parts| parts.concat())
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn agrees(bytes: &[u8]) {
    let tree = tree(bytes);
    assert_eq!(tree.index.whole(), serde_json::from_slice::<IgnoredAny>(bytes).is_ok());
    assert_eq!(tree.index.not_text().is_none(), std::str::from_utf8(bytes).is_ok());
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        same(&tree, 0, &value);
    }
    for depth in [0, 1, 2] {
        let seen = caught_up(if depth == 0 { Rows::all() } else { Rows::folded_at(depth) }, &tree);
        rows(&seen, &tree, false);
        rows(&seen, &tree, true);
    }
}

proptest! {
    #[test]
    fn the_index_agrees_with_serde(bytes in jsonish(), noise in prop::collection::vec(any::<u8>(), 0..60)) {
        agrees(&bytes);
        agrees(&noise);
    }

    #[test]
    fn what_serde_writes_is_read_and_its_lines_are_those_of_its_pretty_form(value in json_value()) {
        agrees(value.to_string().as_bytes());
        let pretty = serde_json::to_string_pretty(&value).expect("JSON");
        agrees(pretty.as_bytes());
        let tree = tree(&pretty);
        let all = caught_up(Rows::all(), &tree);
        prop_assert_eq!(all.count(&tree.index, true), pretty.lines().count() as u64);
    }

    #[test]
    fn any_folding_keeps_rows_in_order(value in json_value(), folds in prop::collection::vec(any::<u32>(), 0..12)) {
        let tree = tree(value.to_string());
        let mut seen = caught_up(Rows::all(), &tree);
        for fold in folds {
            let places = rows(&seen, &tree, true);
            seen.toggle(&tree.index, places[fold as usize % places.len()].node);
            rows(&seen, &tree, false);
        }
        let len = tree.index.len() as u32;
        for node in 0..len {
            prop_assert!(seen.clone().reveal(&tree.index, node));
            let only = Rows::only(&tree.index, &[node]);
            let kept = rows(&only, &tree, false).len() as u32;
            prop_assert_eq!(kept, tree.index.depth(node) + tree.index.next(node) - node);
            rows(&only, &tree, true);
        }
    }

    #[test]
    fn lines_and_columns_are_those_of_a_slow_reading(
        parts in prop::collection::vec(prop::sample::select(vec!["a", "é", "\n", "\r\n", "\r", "日本", "xyzxyzxyz", "\u{1F600}"]), 0..60),
        columns in 1_u64..9,
    ) {
        let text = parts.concat();
        let source = Source::from(Bytes::from(text.clone().into_bytes()));
        let lines = counted(&source);
        let slow: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
        let count = text.matches('\n').count();
        prop_assert_eq!(lines.len() as usize, count + 1);
        let rows = lines.rows(0, 1000, columns..columns + 50, &source).expect("readable");
        for (n, (row, line)) in rows.iter().zip(&slow).enumerate() {
            let last = n == count && text.ends_with('\r'); // without its line feed it is a character
            let from = line.char_indices().nth(columns as usize).map_or(line.len(), |(at, _)| at);
            if !last {
                prop_assert_eq!(&source.read(row.bytes.clone()).expect("readable")[..], &line.as_bytes()[from..]);
            }
        }
        // Wrapped: forwards from the start, then backwards from the end.
        let mut starts = vec![0];
        let mut shown = Vec::new();
        loop {
            let row = lines.wrapped(*starts.last().expect("one"), columns, &source).expect("readable");
            let bytes: Range<u64> = row.bytes.clone();
            shown.extend_from_slice(&source.read(bytes.clone()).expect("readable"));
            for at in *starts.last().expect("one")..row.next {
                let start = lines.wrapped_start(at, columns, &source).expect("readable");
                prop_assert_eq!(start, *starts.last().expect("one"), "byte {}", at);
            }
            if row.next >= source.size() {
                break;
            }
            starts.push(row.next);
        }
        prop_assert_eq!(shown, text.replace("\r\n", "").replace('\n', "").into_bytes());
        for pair in starts.windows(2) {
            prop_assert_eq!(lines.wrapped_before(pair[1], columns, &source), Ok(pair[0]));
        }
    }
}
