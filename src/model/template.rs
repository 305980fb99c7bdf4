//! Template values in a draft: `{{listener}}`, `{{merchant}}`, `{{uuid}}`, `{{now}}`.
//! What they stand for is handed in, so the same draft resolves the same way twice.

/// What the names stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    /// Base of this run's own addresses at the listener: `http://127.0.0.1:8788/c/<token>`.
    pub listener: String,
    /// Base of this run's pages at the merchant port: `http://127.0.0.1:8789/m/<token>`.
    pub merchant: String,
    /// A fresh UUID.
    pub uuid: String,
    /// RFC 3339, whole seconds, UTC.
    pub now: String,
}

impl Values {
    /// The names, with what each stands for.
    pub fn all(&self) -> [(&'static str, &str); 4] {
        [("listener", &self.listener), ("merchant", &self.merchant), ("uuid", &self.uuid), ("now", &self.now)]
    }

    /// Puts the values in. Names that nobody knows stay as they are: a tester may want
    /// to send two braces.
    pub fn resolve(&self, text: &str) -> String {
        let mut done = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            let (before, from) = rest.split_at(start);
            done.push_str(before);
            let end = from.find("}}");
            let name = end.map(|end| from[2..end].trim());
            match (end, self.all().into_iter().find(|(known, _)| Some(*known) == name)) {
                (Some(end), Some((_, value))) => {
                    done.push_str(value);
                    rest = &from[end + 2..];
                }
                _ => {
                    done.push_str("{{");
                    rest = &from[2..];
                }
            }
        }
        done.push_str(rest);
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_resolve_and_unknown_ones_stay() {
        let values = Values { listener: "http://h/c/t".into(), now: "2026".into(), ..Values::default() };
        let cases = [
            ("{{listener}}/cb", "http://h/c/t/cb"),
            ("{{ now }}-{{now}}", "2026-2026"),
            ("{{nobody}} {{", "{{nobody}} {{"),
            ("{{{{now}}}}", "{{2026}}"),
            ("é{{now", "é{{now"),
        ];
        for (text, expected) in cases {
            assert_eq!(values.resolve(text), expected);
        }
    }
}
