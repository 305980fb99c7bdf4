use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::jsonpath::Path;

fn side(text: &str) -> Side {
    Side { bytes: Bytes::copy_from_slice(text.as_bytes()), ..Side::default() }
}

fn diff(left: &str, right: &str) -> Diff {
    compare(&side(left), &side(right), &AtomicBool::new(false)).expect("not cancelled")
}

/// Each change in a line.
fn told(diff: &Diff) -> Vec<String> {
    let changes = diff.rows.iter().filter(|row| row.sign != Sign::Equal);
    let line = |row: &Row| {
        let (left, right) = diff.places(row);
        let (old, new) = diff.texts(row);
        let places = if left == right {
            left.unwrap_or_default()
        } else {
            format!("{}|{}", left.unwrap_or_default(), right.unwrap_or_default())
        };
        let volatile = row.volatile.map(|kind| format!(" ({})", kind.word())).unwrap_or_default();
        let remark = row.remark.as_deref().map(|remark| format!(" [{remark}]")).unwrap_or_default();
        format!(
            "{} {places} {} → {}{volatile}{remark}",
            row.sign.letter(),
            old.unwrap_or_default(),
            new.unwrap_or_default()
        )
    };
    changes.map(line).collect()
}

#[test]
fn what_became_of_each_member_is_told_with_its_place() {
    let diff = diff(
        r#"{"status":"pending","amount":6540,"old":1,"acs":{"url":"u","x":[1,2,3]},"n":1.0}"#,
        r#"{"acs":{"x":[1,3,2,4],"url":"v"},"amount":"6540","status":"approved","new":{"a":1},"n":1}"#,
    );
    assert_eq!(
        told(&diff),
        [
            "~ $.status \"pending\" → \"approved\"",
            "+ |$.new  → {\"a\":1}",
            "~ $.amount 6540 → \"6540\" [6540 is a number, \"6540\" a text]",
            "− $.old| 1 → ",
            "~ $.acs.url \"u\" → \"v\"",
            "↕ $.acs.x[2]|$.acs.x[1] 3 → 3",
            "+ |$.acs.x[3]  → 4",
            "~ $.n 1.0 → 1 [the same number, written otherwise]",
        ]
    );
    assert_eq!(diff.reordered, 2);
    let row = diff.rows.iter().find(|row| row.sign == Sign::Added).expect("added");
    let (_, range) = diff.ranges(row);
    assert_eq!(range.map(|range| range.len()), Some(7));
}

#[test]
fn key_order_and_blanks_are_no_difference_and_told_once() {
    let diff = diff(r#"{"a":{"x":1,"y":2},"b":"x\/y"}"#, "{\"b\": \"x/y\",\n \"a\": {\"y\": 2, \"x\": 1}}");
    assert_eq!((told(&diff), diff.reordered), (Vec::new(), 2));
    assert_eq!(diff.counts(), Counts { equal: 3, ..Counts::default() });
}

#[test]
fn keys_that_stand_twice_are_compared_one_by_one() {
    let diff = diff(r#"{"a":1,"a":2,"b":3}"#, r#"{"a":1,"b":3,"a":4}"#);
    assert_eq!(told(&diff), ["~ $.a 2 → 4"]);
}

#[test]
fn elements_are_known_by_their_names_and_else_by_what_they_say() {
    let named = diff(
        r#"[{"id":"a","v":1},{"id":"b","v":2},{"id":"c","v":3}]"#,
        r#"[{"id":"c","v":3},{"id":"a","v":1},{"id":"d","v":2}]"#,
    );
    assert_eq!(
        told(&named),
        [
            "↕ $[2]|$[0] {\"id\":\"c\",\"v\":3} → {\"id\":\"c\",\"v\":3}",
            "+ |$[2]  → {\"id\":\"d\",\"v\":2}",
            "− $[1]| {\"id\":\"b\",\"v\":2} → ",
        ]
    );
    let plain = diff(r#"[{"v":1,"w":1},{"v":2,"w":1}]"#, r#"[{"v":0,"w":0},{"v":1,"w":1},{"v":2,"w":2}]"#);
    assert_eq!(told(&plain), ["+ |$[0]  → {\"v\":0,\"w\":0}", "~ $[1].w|$[2].w 1 → 2"]);
}

const A: &str = "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8";
const B: &str = "9d849e95-2004-452f-b4c9-aab6307b02e1";

#[test]
fn what_is_new_each_time_is_told_apart_and_never_hides_a_decision() {
    let session = |id: &str, more: Value| {
        let mut session = json!({
            "id": format!("sid_{}abcdefghi1234", &id[..8]), "status": "approved", "eci": "05", "amount": 6540,
            "transaction_id": id, "xid": id, "created_at": format!("2026-11-28T15:4{}:00Z", &id[..1]),
            "cryptogram": if id == A { "V+v37FmuAPB9rCVyIpjY4BZ5RfQ=" } else { "X+v37FmuAPB9rCVyIpjY4BZ5RfQ=" },
            "callback": format!("http://127.0.0.1:{}/q7m2kfx9/cb", if id == A { 8788 } else { 9001 }),
            "exp": if id == A { 1_764_344_580 } else { 1_764_349_999 },
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            session[name] = value.clone();
        }
        session.to_string()
    };
    let only = diff(&session(A, json!({})), &session(B, json!({})));
    assert_eq!(only.counts().words(), "7 changes, only ids and times");
    assert_eq!(
        only.renamings.iter().find(|renaming| renaming.from == A),
        Some(&Renaming { from: A.into(), to: B.into(), times: 2 })
    );
    for (name, value) in [
        ("status", json!("declined")),
        ("eci", json!("07")),
        ("amount", json!(6541)),
        ("cryptogram", json!("V+v37FmuAPB9rCVy")),
        ("cryptogram", Value::Null),
        ("transaction_id", json!("none")),
        ("xid", json!("11111111-b7e5-404a-a720-a0e54edbcdf8")),
        ("exp", json!(0)),
    ] {
        let diff = diff(&session(A, json!({})), &session(B, json!({ name: value })));
        let counted = diff.rows.iter().filter(|row| row.sign != Sign::Equal && row.volatile.is_none());
        let places: Vec<_> = counted.filter_map(|row| diff.places(row).0).collect();
        assert!(places.contains(&format!("$.{name}")), "{name}: {places:?}");
    }
}

#[test]
fn a_member_that_decides_counts_whatever_it_looks_like() {
    for name in ["status", "transStatus", "trans_status", "eci", "amount", "response_code", "currency", "next_actions"]
    {
        let document = |value: &str| json!({ name: [value], "inner": { name: value } }).to_string();
        for (old, new) in [(A, B), ("2026-11-28T10:00:00Z", "2026-11-28T10:00:01Z"), ("*****", "******")] {
            assert_eq!(
                diff(&document(old), &document(new)).counts(),
                Counts { changes: 2, ..Counts::default() },
                "{name}"
            );
        }
    }
}

#[test]
fn an_id_that_becomes_two_is_a_change_that_counts() {
    let other = "11111111-b7e5-404a-a720-a0e54edbcdf8";
    let document = |one: &str, two: &str| json!({"xid": one, "transaction_id": two}).to_string();
    let torn = diff(&document(A, A), &document(B, other));
    assert_eq!(torn.counts(), Counts { changes: 2, ..Counts::default() });
    assert!(told(&torn)[0].contains("is two different ones on the right"), "{:?}", told(&torn));
    let swapped = diff(&document(A, B), &document(B, A));
    assert!(told(&swapped)[0].contains("still stands elsewhere"), "{:?}", told(&swapped));
}

#[test]
fn what_a_text_carries_is_looked_into() {
    use base64::Engine as _;
    let cres = |status: &str, id: &str| {
        let text = json!({"messageType": "CRes", "transStatus": status, "acsTransID": id}).to_string();
        format!("cres={}&b=1", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text))
    };
    let form = |left: &str, right: &str| {
        let form = |text: &str| Side { content_type: Some("application/x-www-form-urlencoded".into()), ..side(text) };
        compare(&form(left), &form(right), &AtomicBool::new(false)).expect("not cancelled")
    };
    let ids = form(&cres("Y", A), &cres("Y", B));
    assert_eq!(ids.counts(), Counts { changes: 1, volatile: 1, equal: 1 });
    let status = form(&cres("Y", A), &cres("N", B));
    let row = status.rows.iter().find(|row| row.sign == Sign::Changed).expect("a change");
    assert_eq!(row.volatile, None);
    assert_eq!(row.remark.as_deref(), Some("in it: transStatus \"Y\" to \"N\""));
}

#[test]
fn what_is_no_json_is_compared_by_lines_with_the_reason() {
    let heads = diff("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n", "GET / HTTP/1.1\r\nHost: b\r\nY: 2\r\nX: 1\r\n");
    assert_eq!(told(&heads), ["~ line 2 Host: a → Host: b", "+ |line 3  → Y: 2"]);
    assert!(heads.note.is_some_and(|note| note.contains("neither JSON nor a form")));
    let ids = diff(&format!("<a href=\"x\">\n<b id=\"{A}\">\n"), &format!("<a href=\"x\">\n<b id=\"{B}\">\n"));
    assert_eq!(ids.counts(), Counts { changes: 1, volatile: 1, equal: 1 });
    let long: String = (0..60_000).map(|n| format!("{n},")).collect();
    let (left, right) = (format!("[{long}1]"), format!("[{}1]", long.replace(",777,", ",778,")));
    let pieces = diff(&left, &right);
    assert_eq!(told(&pieces).len(), 1, "{:?}", told(&pieces));
    assert!(pieces.note.is_some_and(|note| note.contains("more than 50000 values")));
}

#[test]
fn a_part_is_compared_from_its_path_on() {
    let part = |text: &str, path: &str| Side { path: Some(path.into()), ..side(text) };
    let cancel = AtomicBool::new(false);
    let diff = compare(&part(r#"{"a":{"b":1}}"#, "$.a"), &part(r#"{"c":{"b":2}}"#, "c"), &cancel).expect("done");
    assert_eq!(told(&diff), ["~ $.a.b|$.c.b 1 → 2"]);
    assert!(compare(&side("{}"), &side("[]"), &AtomicBool::new(true)).is_none());
}

#[test]
fn the_lines_of_a_comparison_fold_what_is_equal() {
    let diff = diff(r#"{"a":1,"b":2,"c":3}"#, r#"{"a":1,"b":2,"c":4}"#);
    let text = patch::text(&diff, ("one", "other"), diff.rows.iter());
    assert_eq!(text, "--- one\n+++ other\n@@ 2 equal @@\n- $.c  3\n+ $.c  4\n");
}

/// Applies a patch as the standard has it.
fn applied(patch: &Value, mut document: Value) -> Value {
    for op in patch.as_array().expect("a list") {
        let text = |name: &str| op[name].as_str().expect("a text").to_owned();
        let path = text("path");
        match op["op"].as_str().expect("an op") {
            "remove" => drop(taken(&mut document, &path)),
            "add" => put(&mut document, &path, op["value"].clone()),
            "replace" => *document.pointer_mut(&path).expect("a place") = op["value"].clone(),
            "move" => {
                let value = taken(&mut document, &text("from"));
                put(&mut document, &path, value);
            }
            other => panic!("{other}"),
        }
    }
    document
}

fn parent<'a>(document: &'a mut Value, path: &str) -> (&'a mut Value, String) {
    let (parent, last) = path.rsplit_once('/').expect("a pointer");
    (document.pointer_mut(parent).expect("a parent"), last.replace("~1", "/").replace("~0", "~"))
}

fn taken(document: &mut Value, path: &str) -> Value {
    match parent(document, path) {
        (Value::Array(list), at) => list.remove(at.parse().expect("a place")),
        (Value::Object(map), key) => map.shift_remove(&key).expect("a member"),
        _ => panic!("no parent"),
    }
}

fn put(document: &mut Value, path: &str, value: Value) {
    match parent(document, path) {
        (Value::Array(list), at) => list.insert(at.parse().expect("a place"), value),
        (Value::Object(map), key) => drop(map.insert(key, value)),
        _ => panic!("no parent"),
    }
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_i64..4).prop_map(Value::from),
        Just(json!(1.5)),
        "[ab\\\\\"é]{0,2}".prop_map(Value::from),
        Just(json!(A)),
        Just(json!(B)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let key = prop_oneof![Just("id"), Just("name"), Just("a/b"), Just("~"), Just("c"), Just("")];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(key.prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn the_same_is_no_change(value in document()) {
        let pretty = serde_json::to_string_pretty(&value).expect("JSON");
        let diff = diff(&value.to_string(), &pretty);
        prop_assert_eq!(diff.counts().changes, 0);
    }

    #[test]
    fn the_patch_makes_the_one_the_other(left in document(), right in document()) {
        let (left, right) = (json!([left]), json!([right])); // a document of its own kind, never a bare text
        let diff = diff(&left.to_string(), &right.to_string());
        prop_assert!(diff.is_structural());
        let patch = patch::json(&diff).expect("a patch");
        let patch: Value = serde_json::from_str(&patch).expect("JSON");
        prop_assert_eq!(patch == json!([]), left == right);
        prop_assert_eq!((diff.counts().changes == 0, applied(&patch, left)), (patch == json!([]), right));
    }

    #[test]
    fn each_change_has_a_place_that_its_own_document_knows(left in document(), right in document()) {
        let diff = diff(&json!([left]).to_string(), &json!([right]).to_string());
        let Sides::Values(docs) = &diff.sides else { panic!("values") };
        for row in &diff.rows {
            let (one, other) = diff.places(row);
            for (doc, path, node) in [(&docs.0, one, row.left), (&docs.1, other, row.right)] {
                if let Some(path) = path {
                    let found = Path::parse(&path).expect("a path").first(doc);
                    prop_assert_eq!(found, node, "{}", path);
                }
            }
            if let (Sign::Changed, Some(_), (Some(old), Some(new))) = (row.sign, row.volatile, diff.texts(row)) {
                prop_assert!(old.contains('-') && new.contains('-'), "only ids are new each time: {} {}", old, new);
            }
        }
    }

    #[test]
    fn any_bytes_can_be_compared(left in proptest::collection::vec(any::<u8>(), 0..200), right in proptest::collection::vec(any::<u8>(), 0..200)) {
        let side = |bytes: Vec<u8>| Side { bytes: bytes.into(), ..Side::default() };
        let (left, right) = (side(left), side(right));
        let diff = compare(&left, &right, &AtomicBool::new(false)).expect("not cancelled");
        prop_assert_eq!(diff.counts().changes == 0, left.bytes == right.bytes);
    }
}

/// A PaRes as a form carries it.
fn pares(status: &str, xid: &str, zlib: bool) -> String {
    use base64::Engine as _;
    use std::io::Write as _;
    let xml = format!(
        "<ThreeDSecure><Message id=\"m\"><PARes id=\"p\"><Purchase><xid>{xid}</xid><date>20261128 15:4{}:00</date>\
         <purchAmount>6540</purchAmount></Purchase><TX><status>{status}</status></TX></PARes></Message></ThreeDSecure>",
        xid.len() % 7
    );
    let mut zipped = Vec::new();
    if zlib {
        let mut writer = flate2::write::ZlibEncoder::new(&mut zipped, flate2::Compression::best());
        writer.write_all(xml.as_bytes()).expect("memory");
        writer.finish().expect("memory");
    } else {
        let mut writer = flate2::write::DeflateEncoder::new(&mut zipped, flate2::Compression::fast());
        writer.write_all(xml.as_bytes()).expect("memory");
        writer.finish().expect("memory");
    }
    let text = base64::engine::general_purpose::STANDARD.encode(zipped);
    format!("MD=&PaRes={}", url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>())
}

#[test]
fn a_message_of_the_first_version_is_compared_by_its_members() {
    let (one, two) = ("V+v37FmuAPB9rCVyIpjY4BZ5RfQ=", "X0v37FmuAPB9rCVyIpjY4BZ5RfQ=");
    let form = |text: String| Side { content_type: Some("application/x-www-form-urlencoded".into()), ..side(&text) };
    let posted = |left, right| compare(&form(left), &form(right), &AtomicBool::new(false)).expect("not cancelled");
    let only = posted(pares("Y", one, true), pares("Y", two, false));
    assert_eq!(only.counts().words(), "1 change, only ids and times");
    let other = posted(pares("Y", one, true), pares("N", two, true));
    assert_eq!(other.counts().words(), "1 change");
    let row = other.rows.iter().find(|row| row.sign == Sign::Changed).expect("a change");
    assert_eq!(row.remark.as_deref(), Some("in it: PARes/TX/status \"Y\" to \"N\""));
}

#[test]
fn only_the_place_of_a_link_is_no_difference_if_one_is_here() {
    let link = |link: &str| json!({ "href": link }).to_string();
    let told = |one: &str, other: &str| diff(&link(one), &link(other)).counts().words();
    let vendor = "https://api.sandbox.checkout.com/sessions/sid_skp65s2imhnguhok7722ffif99/complete";
    let here = "http://127.0.0.1:8788/sessions/sid_1kp65s2imhnguhok7722ffif98/complete";
    assert_eq!(told(vendor, here), "1 change, only ids and times");
    assert_eq!(told(here, vendor), "1 change, only ids and times");
    assert_eq!(told(&vendor.replace("complete", "collect-data"), here), "1 change", "another path");
    assert_eq!(told("https://bank.example/acs", "https://thief.example/acs"), "1 change", "both are others'");
    assert_eq!(told("https://shop.example/", "http://localhost/"), "1 change", "nothing else is the same");
}
