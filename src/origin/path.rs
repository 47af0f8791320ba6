//! The path, as far as it may speak: a file of production's supports production. That a file lies in staging says where the
//! value is going, not whose it is.

use crate::model::{Signal, Strength, Tier, Vocabulary};

pub(super) fn signals(path: &str, vocabulary: &Vocabulary, signals: &mut Vec<Signal>) {
    // Rails: the key that opens the credentials of one environment.
    // <https://guides.rubyonrails.org/security.html#custom-credentials>
    let of_rails = path
        .strip_suffix(".key")
        .and_then(|path| path.rsplit_once("credentials/"))
        .map(|(_, name)| name)
        .filter(|name| !name.contains('/'))
        .and_then(|name| vocabulary.tier_of_environment(name));
    if let Some((tier @ Tier::Production, word)) = of_rails {
        signals.push(Signal {
            kind: "path",
            environment: Some(tier),
            strength: Strength::Strong,
            text: format!("its file is the key of Rails' credentials for {tier} (\"{word}\")"),
        });
        return;
    }
    let named = path
        .rsplit('/')
        .find_map(|component| vocabulary.tier_of_name(component));
    if let Some((Tier::Production, word)) = named {
        signals.push(Signal {
            kind: "path",
            environment: Some(Tier::Production),
            strength: Strength::Supporting,
            text: format!("its path names production (\"{word}\")"),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_production_speaks() {
        let clear = [
            ("prod".to_owned(), Tier::Production),
            ("staging".to_owned(), Tier::Staging),
        ];
        let vocabulary = Vocabulary::new(clear.into(), [].into(), Vec::new());
        let count = |path| {
            let mut found = Vec::new();
            signals(path, &vocabulary, &mut found);
            found.len()
        };
        assert_eq!(count("config/prod/db.yml"), 1);
        assert_eq!(count("config/staging/db.yml"), 0);
        assert_eq!(count("live/prod-mirror/staging/db.yml"), 0);
        assert_eq!(count("product/db.yml"), 0);
    }
}
