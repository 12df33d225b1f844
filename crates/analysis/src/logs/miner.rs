//! Templates, mined line by line: Drain's tree of fixed depth (number of words, then first word), with groups of similar
//! lines at its leaves.

use std::collections::BTreeMap;

use super::token::{WILDCARD, words};

/// A template, for as long as its miner lives. Templates grow more general; their ids stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(usize);

/// Mines templates; what it holds is bounded.
#[derive(Debug, Clone, Default)]
pub struct Miner {
    templates: Vec<Vec<String>>,
    leaves: BTreeMap<(usize, String), Vec<TemplateId>>,
}

/// So many templates are told apart; every further kind of line shares one.
const TEMPLATES_MAX: usize = 4096;

/// Distinct first words per number of words; beyond them lines share a leaf, as Drain's `maxChild` has it.
const FIRST_WORDS_MAX: usize = 256;

/// Share of equal words from which on a line belongs to a template; Drain's own default.
const SIMILARITY_MIN: f64 = 0.5;

impl Miner {
    /// The template of a message, a new one if none is similar enough.
    pub fn learn(&mut self, message: &str) -> TemplateId {
        let words = words(message);
        let key = self.leaf_of(&words);
        let leaf = self.leaves.entry(key).or_default();
        let best = leaf
            .iter()
            .map(|&id| (id, similarity(&self.templates[id.0], &words)))
            // Of equals the first: what came before decides.
            .fold(None, |best: Option<(TemplateId, f64)>, it| match best {
                Some(found) if found.1 >= it.1 => Some(found),
                _ => Some(it),
            })
            .filter(|(_, similarity)| *similarity >= SIMILARITY_MIN);
        if let Some((id, _)) = best {
            generalise(&mut self.templates[id.0], &words);
            return id;
        }
        if self.templates.len() + 1 >= TEMPLATES_MAX {
            return self.rest();
        }
        let id = TemplateId(self.templates.len());
        leaf.push(id);
        self.templates.push(words.into_iter().map(str::to_owned).collect());
        id
    }

    /// The template in words, `<*>` standing for what varies.
    pub fn text(&self, id: TemplateId) -> String {
        self.templates[id.0].join(" ")
    }

    pub fn ids(&self) -> impl Iterator<Item = TemplateId> {
        (0..self.templates.len()).map(TemplateId)
    }

    fn leaf_of(&self, words: &[&str]) -> (usize, String) {
        let first = words.first().copied().unwrap_or_default().to_owned();
        let key = (words.len(), first);
        let of_length = (words.len(), String::new())..(words.len() + 1, String::new());
        if self.leaves.contains_key(&key) || self.leaves.range(of_length).count() < FIRST_WORDS_MAX {
            return key;
        }
        (words.len(), WILDCARD.to_owned())
    }

    /// The template of everything beyond the bound.
    fn rest(&mut self) -> TemplateId {
        if self.templates.len() < TEMPLATES_MAX {
            self.templates.push(vec![WILDCARD.to_owned()]);
        }
        TemplateId(TEMPLATES_MAX - 1)
    }
}

/// Share of the places where both have the same word. A wildcard is no agreement, so that templates of nothing but
/// wildcards do not swallow all; but two wildcards in one place are.
fn similarity(template: &[String], words: &[&str]) -> f64 {
    if words.is_empty() {
        return 1.0;
    }
    let n_equal = template.iter().zip(words).filter(|(one, other)| one == *other).count();
    n_equal as f64 / words.len() as f64
}

fn generalise(template: &mut [String], words: &[&str]) {
    for (one, other) in template.iter_mut().zip(words) {
        if one != other {
            WILDCARD.clone_into(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mined(lines: &[&str]) -> Vec<String> {
        let mut miner = Miner::default();
        for line in lines {
            miner.learn(line);
        }
        miner.ids().map(|it| miner.text(it)).collect()
    }

    #[test]
    fn similar_lines_share_a_template() {
        let lines = [
            "user alice logged in from 10.0.0.1",
            "user bob logged in from 10.0.0.2",
            "cannot connect to db-3: refused",
            "user carol logged in from ::1",
            "cannot connect to db-4: refused",
        ];
        assert_eq!(mined(&lines), ["user <*> logged in from <*>", "cannot connect to <*> refused"]);
    }

    #[test]
    fn ids_outlive_the_words_of_a_template() {
        let mut miner = Miner::default();
        let first = miner.learn("order alpha was paid");
        assert_eq!(miner.text(first), "order alpha was paid");
        assert_eq!(miner.learn("order beta was paid"), first);
        assert_eq!(miner.text(first), "order <*> was paid");
    }

    #[test]
    fn memory_is_bounded() {
        let mut miner = Miner::default();
        // No two of these agree in a word: letters only, so that nothing is masked.
        let word = |mut n: usize, salt: u8| {
            let mut text = String::from(char::from(salt));
            while n > 0 {
                text.push(char::from(b'g' + (n % 20) as u8));
                n /= 20;
            }
            text
        };
        for n in 1..20_000 {
            miner.learn(&format!("{} {} {}", word(n, b'g'), word(n, b'h'), word(n, b'i')));
        }
        assert_eq!(miner.ids().count(), TEMPLATES_MAX);
    }
}
