use std::borrow::Cow;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A value laid out flat: each node knows its first child and its next sibling.
struct Flat<'a> {
    nodes: Vec<Node<'a>>,
}

struct Node<'a> {
    value: &'a Value,
    key: Option<&'a str>,
    path: String,
    first: Option<usize>,
    next: Option<usize>,
}

impl<'a> Flat<'a> {
    fn of(value: &'a Value) -> Self {
        let mut nodes = vec![Node { value, key: None, path: "$".into(), first: None, next: None }];
        let mut at = 0;
        while at < nodes.len() {
            let (value, path) = (nodes[at].value, nodes[at].path.clone());
            let children: Vec<(Option<&str>, &Value)> = match value {
                Value::Object(map) => map.iter().map(|(key, value)| (Some(key.as_str()), value)).collect(),
                Value::Array(list) => list.iter().map(|value| (None, value)).collect(),
                _ => Vec::new(),
            };
            let count = children.len();
            for (n, (key, value)) in children.into_iter().enumerate() {
                let mut path = path.clone();
                match key {
                    Some(key) => push_name(&mut path, key),
                    None => path.push_str(&format!("[{n}]")),
                }
                let own = nodes.len();
                if n == 0 {
                    nodes[at].first = Some(own);
                }
                nodes.push(Node { value, key, path, first: None, next: (n + 1 < count).then_some(own + 1) });
            }
            at += 1;
        }
        Self { nodes }
    }
}

impl Tree for Flat<'_> {
    type Node = usize;

    fn root(&self) -> Option<usize> {
        Some(0)
    }

    fn kind(&self, node: usize) -> Kind {
        match self.nodes[node].value {
            Value::Object(_) => Kind::Object,
            Value::Array(_) => Kind::Array,
            Value::String(_) => Kind::Text,
            Value::Number(_) => Kind::Number,
            Value::Bool(_) => Kind::Bool,
            Value::Null => Kind::Null,
        }
    }

    fn first(&self, node: usize) -> Option<usize> {
        self.nodes[node].first
    }

    fn next(&self, node: usize) -> Option<usize> {
        self.nodes[node].next
    }

    fn key(&self, node: usize) -> Option<Cow<'_, str>> {
        self.nodes[node].key.map(Cow::Borrowed)
    }

    fn scalar(&self, node: usize) -> Cow<'_, str> {
        match self.nodes[node].value {
            Value::String(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        }
    }
}

fn ask(path: &Path, value: &Value, limits: Limits) -> (Vec<String>, Option<Stop>) {
    let flat = Flat::of(value);
    let found = path.find(&flat, limits, &AtomicBool::new(false));
    (found.nodes.iter().map(|node| flat.nodes[*node].path.clone()).collect(), found.stopped)
}

fn found(query: &str, value: &Value) -> Vec<String> {
    let path = Path::parse(query).unwrap_or_else(|fault| panic!("{query}: {fault}"));
    let (paths, stopped) = ask(&path, value, Limits::default());
    assert_eq!(stopped, None, "{query}");
    paths
}

fn session() -> Value {
    json!({
        "id": "sid_a", "status": "challenged", "amount": 6540, "approved": false, "eci": null,
        "acs": {"url": "https://acs.example/c", "3ds-id": 7},
        "3ds": {"list": [{"n": 1, "t": "Y"}, {"n": 2, "t": "N"}, {"n": 3}, {"n": 4, "t": "Y\nY"}]},
        "next_actions": ["collect_channel_data", "complete"]
    })
}

#[test]
fn queries_name_what_the_standard_says() {
    let session = session();
    for (query, expected) in [
        ("$", vec!["$"]),
        ("$.acs.url", vec!["$.acs.url"]),
        ("$['acs'][\"url\"]", vec!["$.acs.url"]),
        ("$ .acs\n['url']", vec!["$.acs.url"]),
        ("$.next_actions[-1]", vec!["$.next_actions[1]"]),
        ("$.next_actions[-3]", vec![]),
        ("$['3ds'].list[1:3].n", vec!["$['3ds'].list[1].n", "$['3ds'].list[2].n"]),
        ("$['3ds'].list[::-2].n", vec!["$['3ds'].list[3].n", "$['3ds'].list[1].n"]),
        ("$['3ds'].list[5:0:0]", vec![]),
        ("$.next_actions[*,0]", vec!["$.next_actions[0]", "$.next_actions[1]", "$.next_actions[0]"]),
        ("$..url", vec!["$.acs.url"]),
        ("$..list[?@.t=='Y'].n", vec!["$['3ds'].list[0].n"]),
        ("$..list[?!@.t]", vec!["$['3ds'].list[2]"]),
        ("$..list[?@.n>1 && (@.n<4 || @.t)].n", vec!["$['3ds'].list[1].n", "$['3ds'].list[2].n", "$['3ds'].list[3].n"]),
        ("$..list[?@.n >= $['3ds'].list[2].n].n", vec!["$['3ds'].list[2].n", "$['3ds'].list[3].n"]),
        ("$..list[?length(@.t) == 3].n", vec!["$['3ds'].list[3].n"]),
        ("$..list[?count(@.*) == 1].n", vec!["$['3ds'].list[2].n"]),
        ("$..list[?match(@.t, '[YN]')].n", vec!["$['3ds'].list[0].n", "$['3ds'].list[1].n"]),
        ("$..list[?match(@.t, 'Y.Y')].n", vec![]),
        ("$..list[?search(@.t, $.status)]", vec![]),
        ("$.next_actions[?search(@, 'channel')]", vec!["$.next_actions[0]"]),
        ("$..list[?value(@..t) == 'N'].n", vec!["$['3ds'].list[1].n"]),
        (
            "$[?@.none == @.nothing]",
            vec!["$.id", "$.status", "$.amount", "$.approved", "$.eci", "$.acs", "$['3ds']", "$.next_actions"],
        ),
        ("$[?@ == null]", vec!["$.eci"]),
        ("$[?@ == false]", vec!["$.approved"]),
        ("$[?@ == 6.54e3]", vec!["$.amount"]),
        ("$[?@.list == @.list && @.list]", vec!["$['3ds']"]),
        ("$.acs['3ds-id']", vec!["$.acs['3ds-id']"]),
    ] {
        assert_eq!(found(query, &session), expected, "{query}");
    }
}

/// Source: RFC 9535, 2.3.5.2.2 and table 11: `<=` is `<` or `==`, nothing equals nothing, and
/// only numbers and texts are less than others.
#[test]
fn comparisons_are_those_of_the_standards_table() {
    let document = json!({"obj": {"x": "y"}, "arr": [2, 3]});
    for (test, holds) in [
        ("$.absent1 == $.absent2", true),
        ("$.absent1 <= $.absent2", true),
        ("$.absent1 >= $.absent2", true),
        ("$.absent1 < $.absent2", false),
        ("$.absent1 != $.absent2", false),
        ("value($..absent) >= value($..absent)", true),
        ("length($.arr[0]) <= $.absent", true),
        ("$.absent == 'g'", false),
        ("$.absent <= 'g'", false),
        ("$.absent != 'g'", true),
        ("null == null", true),
        ("null <= null", true),
        ("null < null", false),
        ("null >= $.absent", false),
        ("1 <= 2", true),
        ("1 > 2", false),
        ("13 == '13'", false),
        ("13 <= '13'", false),
        ("'a' <= 'b'", true),
        ("'a' > 'b'", false),
        ("$.obj == $.arr", false),
        ("$.obj != $.arr", true),
        ("$.obj == $.obj", true),
        ("$.obj <= $.obj", true),
        ("$.obj <= $.arr", false),
        ("$.obj < $.arr", false),
        ("$.arr >= $.arr", true),
        ("1 <= $.arr", false),
        ("1 >= $.arr", false),
        ("1 != $.arr", true),
        ("true <= true", true),
        ("true > true", false),
        ("true > false", false),
        ("true >= false", false),
    ] {
        let all = found(&format!("$[?{test}]"), &document).len();
        assert_eq!(all, if holds { 2 } else { 0 }, "{test}");
    }
}

#[test]
fn what_a_person_types_needs_no_dollar() {
    for (typed, text) in [
        ("status", "$.status"),
        (" acs.url ", "$.acs.url"),
        (".acs.url", "$.acs.url"),
        ("..url", "$..url"),
        ("[\"acs\"].url", "$[\"acs\"].url"),
        ("3ds.list[0]", "$.3ds.list[0]"),
        ("acs.3ds-id", "$.acs.3ds-id"),
        ("*", "$.*"),
        ("", "$"),
        ("@.status", "$.status"),
        ("$.acs[?@ == 7]", "$.acs[?@ == 7]"),
    ] {
        let path = Path::typed(typed).unwrap_or_else(|fault| panic!("{typed}: {fault}"));
        assert_eq!(path.text(), text);
        assert!(!ask(&path, &session(), Limits::default()).0.is_empty(), "{typed}");
    }
    assert!(Path::parse("status").is_err());
    assert!(Path::parse(" $.status").is_err());
    assert!(Path::parse("$.3ds").is_err());
}

#[test]
fn a_wrong_query_names_the_column_and_what_was_expected() {
    for (query, words) in [
        ("", "Column 1: the text ends; expected «$», where a query begins"),
        ("$.", "Column 3: the text ends; expected a name or «*»"),
        ("$.acs url", "Column 6: a blank; expected «.», «..», «[» or the end"),
        ("$[01]", "Column 3: «01»; expected a whole number without leading zeros"),
        ("$[-0]", "Column 3: «-0»"),
        ("$[9007199254740992]", "Column 3: «9007199254740992»; expected a whole number within"),
        ("$['acs]", "Column 3: the quote is not closed"),
        ("$['a\\x']", "Column 6: «x»; expected one of \\b"),
        ("$[0", "Column 4: the text ends; expected «,» or «]»"),
        ("$[?@.a = 1]", "Column 8: «=»; expected «==»"),
        ("$[?@.a & @.b]", "Column 8: «&»; expected «&&»"),
        ("$[?@..a == 1]", "Column 4: a query that can find several values; expected names and indices only"),
        ("$[?1]", "Column 5: «]»; expected a comparison"),
        ("$[?size(@) > 1]", "Column 4: «size»; expected length(…), count(…)"),
        ("$[?match(@.a, '(')]", "Column 15: the pattern is wrong (unclosed group)"),
        ("$[?match(@.a, 'x') == true]", "Column 4: a comparison with match"),
        ("$[?length(@.*) > 1]", "Column 11: a query that can find several values"),
        ("$[?!length(@.a)]", "Column 5: a value; expected a query, match"),
        ("$['\\ud800']", "Column 6: half of a surrogate pair"),
        ("$[é]", "Column 3: «é»; expected a name in quotes"),
    ] {
        let fault = Path::parse(query).expect_err(query);
        assert!(fault.to_string().starts_with(words), "{query}: {fault}");
    }
    let deep = format!("$[?{}@{}]", "(".repeat(100_000), ")".repeat(100_000));
    assert!(Path::parse(&deep).is_err());
    assert_eq!(Path::typed("  acs.[").expect_err("a fault").column, 7);
}

#[test]
fn a_walk_stops_at_its_caps_and_says_so() {
    let list = json!((0..2000).collect::<Vec<_>>());
    let path = Path::parse("$[*]").expect("a query");
    let few = Limits { results: 5, ..Limits::default() };
    let (paths, stopped) = ask(&path, &list, few);
    assert_eq!((paths.len(), stopped), (5, Some(Stop::Results(5))));
    assert_eq!(ask(&path, &list, Limits { results: 2000, ..few }).1, None);
    let short = Limits { steps: 100, ..Limits::default() };
    let (paths, stopped) = ask(&path, &list, short);
    assert!(!paths.is_empty() && paths.len() < 100);
    assert_eq!(stopped.map(|stop| stop.to_string()).as_deref(), Some("stopped after looking at 100 values"));
    let wide = Path::parse("$[?count($[*]) == count(@..*)]").expect("a query");
    assert_eq!(ask(&wide, &list, Limits::default()).1, None, "absolute queries are answered once");
    let flat = Flat::of(&list);
    assert_eq!(path.find(&flat, Limits::default(), &AtomicBool::new(true)).stopped, Some(Stop::Cancelled));
}

#[test]
fn depth_costs_no_stack() {
    let mut value = json!("leaf");
    for _ in 0..100_000 {
        value = Value::Array(vec![value]);
    }
    // Paths of such a tree would be long; only the count is asked for.
    let mut nodes = vec![Node { value: &value, key: None, path: String::new(), first: None, next: None }];
    while let Some(Value::Array(list)) = nodes.last().map(|node| node.value) {
        let next = nodes.len();
        if let Some(node) = nodes.last_mut() {
            node.first = Some(next);
        }
        nodes.push(Node { value: &list[0], key: None, path: String::new(), first: None, next: None });
    }
    let flat = Flat { nodes };
    let path = Path::parse("$..*").expect("a query");
    let limits = Limits { results: 1_000_000, ..Limits::default() };
    assert_eq!(path.find(&flat, limits, &AtomicBool::new(false)).nodes.len(), 100_000);
    let same = Path::parse("$[?@ == @]").expect("a query");
    assert_eq!(same.find(&flat, limits, &AtomicBool::new(false)).nodes.len(), 1);
    drop(flat);
    // Dropping a deep `Value` recurses; take it apart instead.
    while let Value::Array(list) = &mut value {
        value = list.pop().unwrap_or_default();
    }
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("c d".to_owned()), Just("é'\\".to_owned())]
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        Just(json!(1.5)),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(key(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn name_text() -> impl Strategy<Value = String> {
    key().prop_map(|key| {
        let mut path = String::new();
        push_name(&mut path, &key);
        path
    })
}

fn single() -> impl Strategy<Value = String> {
    let part = prop_oneof![name_text(), (-3_i32..3).prop_map(|n| format!("[{n}]"))];
    (prop_oneof![3 => Just("@"), 1 => Just("$")], proptest::collection::vec(part, 0..3))
        .prop_map(|(start, parts)| start.to_owned() + &parts.concat())
}

/// For the other reader, an index from the end is nothing inside a filter.
fn within() -> impl Strategy<Value = String> {
    single().prop_filter("an index from the end", |one| !one.contains("[-"))
}

fn filter() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        within(),
        within(),
        Just("1".to_owned()),
        Just("'a'".to_owned()),
        Just("null".to_owned()),
        Just("true".to_owned()),
        within().prop_map(|one| format!("length({one})")),
        within().prop_map(|one| format!("count({one}.*)")),
        within().prop_map(|one| format!("value({one}..a)")),
    ];
    // The other reader finds nothing neither <= nor >= nothing, and `true > false`: there the
    // standard is another, see `comparisons_are_those_of_the_standards_table`. So one side of
    // these three is a number or a text.
    let sure =
        prop_oneof![Just("1".to_owned()), Just("'a'".to_owned()), within().prop_map(|one| format!("count({one}.*)")),];
    let (op, ordered) =
        (prop_oneof![Just("=="), Just("!="), Just("<")], prop_oneof![Just("<="), Just(">"), Just(">=")]);
    let test = prop_oneof![
        3 => (value.clone(), op, value.clone()).prop_map(|(left, op, right)| format!("{left} {op} {right}")),
        2 => (value, ordered, sure, any::<bool>()).prop_map(|(one, op, other, swap)| {
            if swap { format!("{other} {op} {one}") } else { format!("{one} {op} {other}") }
        }),
        1 => within(),
        1 => within().prop_map(|one| format!("!{one}")),
        1 => within().prop_map(|one| format!("match({one}, 'a.?')")),
        1 => within().prop_map(|one| format!("search({one}, 'b')")),
    ];
    test.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("{one} && {other}")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} || {other})")),
            inner.prop_map(|one| format!("!({one})")),
        ]
    })
}

fn query() -> impl Strategy<Value = String> {
    let bound = || prop_oneof![Just(String::new()), (-4_i32..5).prop_map(|n| n.to_string())];
    let slice = (bound(), bound(), prop_oneof![Just(String::new()), (-2_i32..3).prop_map(|n| format!(":{n}"))])
        .prop_map(|(start, end, step)| format!("[{start}:{end}{step}]"));
    let segment = prop_oneof![
        3 => name_text(),
        2 => (-3_i32..4).prop_map(|n| format!("[{n}]")),
        2 => slice,
        2 => Just("[*]".to_owned()),
        1 => Just("['a', 0, 'b', *]".to_owned()),
        2 => Just("..a".to_owned()),
        1 => Just("..*".to_owned()),
        1 => Just("..[0, 'b']".to_owned()),
        3 => filter().prop_map(|filter| format!("[?{filter}]")),
    ];
    proptest::collection::vec(segment, 0..4).prop_map(|segments| format!("${}", segments.concat()))
}

proptest! {
    #[test]
    fn any_text_is_a_query_or_a_fault_inside_it(text in "[$@.\\[\\]()?*'\"0-9a-c<>=!&|,: \\\\é-]{0,24}") {
        for read in [Path::parse, Path::typed] {
            match read(&text) {
                Ok(path) => {
                    let again = Path::typed(path.text());
                    prop_assert!(again.is_ok(), "{text}: {again:?}");
                }
                Err(fault) => prop_assert!((1..=text.chars().count() + 1).contains(&fault.column), "{text}: {fault}"),
            }
        }
    }

    #[test]
    fn agrees_with_another_reader_of_the_standard(query in query(), value in document()) {
        let own = found(&query, &value);
        let other = serde_json_path::JsonPath::parse(&query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let flat = Flat::of(&value);
        let own: Vec<*const Value> =
            own.iter().filter_map(|path| flat.nodes.iter().find(|node| node.path == *path)).map(|node| std::ptr::from_ref(node.value)).collect();
        let other: Vec<*const Value> = other.query(&value).all().into_iter().map(std::ptr::from_ref).collect();
        prop_assert_eq!(own, other, "{}", query);
    }
}
