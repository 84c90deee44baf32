//! How a page's body goes on: what of a template is there, and what the next request adds.

use crate::model::{Block, BodyLimits, BodyPart, Placed};

/// What is to be done about a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// All of it is there.
    Complete,
    /// This comes next.
    Append(BodyPart),
    /// Something is there that is not the template's: the page belongs to whoever wrote it.
    Foreign,
}

/// How far a body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// How many of its blocks are there, those inside others too.
    pub there: usize,
    /// What comes next.
    pub step: Step,
}

/// Where blocks are missing: what they go into, what they go after, and the blocks.
type Gap<'a> = (Option<&'a str>, Option<&'a str>, &'a [Block]);

#[derive(Default)]
struct Found<'a> {
    there: usize,
    foreign: bool,
    gap: Option<Gap<'a>>,
}

/// Compares a page with its template. On every level what is there must be the beginning of what is wanted; what comes
/// after a whole body is somebody's, and is no matter.
pub fn go_on(wanted: &[Block], there: &[Placed], limits: &BodyLimits) -> Progress {
    let mut found = Found::default();
    compare(wanted, there, None, &mut found);
    let step = match found.gap {
        _ if found.foreign => Step::Foreign,
        None => Step::Complete,
        Some((parent, after, rest)) => Step::Append(BodyPart {
            parent: parent.map(str::to_owned),
            after: after.map(str::to_owned),
            blocks: Room { blocks: limits.blocks, bytes: limits.bytes, full: false }.take(rest, limits.nesting, limits),
        }),
    };
    Progress { there: found.there, step }
}

fn compare<'a>(wanted: &'a [Block], there: &'a [Placed], parent: Option<&'a str>, found: &mut Found<'a>) {
    let same = wanted.iter().zip(there).take_while(|(want, have)| want.is(have));
    let same: Vec<(&Block, &Placed)> = same.collect();
    for (want, have) in &same {
        found.there += 1;
        compare(&want.children, &have.children, Some(&have.id), found);
    }
    let rest = &wanted[same.len()..];
    if rest.is_empty() {
        return;
    }
    if same.len() < there.len() {
        found.foreign = true;
    }
    let after = same.last().map(|(_, have)| have.id.as_str());
    found.gap.get_or_insert((parent, after, rest));
}

/// What a request still holds.
struct Room {
    blocks: usize,
    bytes: usize,
    full: bool,
}

impl Room {
    /// As many of these as fit, with as much inside them as fits; at least one, where nothing was taken before.
    fn take(&mut self, rest: &[Block], nesting: usize, limits: &BodyLimits) -> Vec<Block> {
        let mut taken = Vec::new();
        for block in rest.iter().take(limits.array) {
            let bytes = weight(block);
            let first = self.blocks == limits.blocks;
            if self.full || self.blocks == 0 || (bytes > self.bytes && !first) {
                self.full = true;
                break;
            }
            self.blocks -= 1;
            self.bytes = self.bytes.saturating_sub(bytes);
            let children = if nesting > 0 { self.take(&block.children, nesting - 1, limits) } else { Vec::new() };
            taken.push(Block { kind: block.kind.clone(), text: block.text.clone(), children });
        }
        taken
    }
}

/// About what a block by itself takes in a request, and rather more than less: its text as JSON writes it, and what is
/// written around every piece of it.
fn weight(block: &Block) -> usize {
    let escaped = |text: &str| -> usize {
        text.chars()
            .map(|it| if it.is_control() { 6 } else { it.len_utf8() + usize::from(matches!(it, '"' | '\\')) })
            .sum()
    };
    let span = |text: &str, link: Option<&String>| {
        let pieces = 1 + text.len() / 1_000;
        escaped(text) + pieces * (200 + link.map_or(0, |link| escaped(link)))
    };
    200 + block.text.iter().map(|it| span(&it.text, it.link.as_ref())).sum::<usize>()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{BlockKind, Span};

    const LIMITS: BodyLimits = BodyLimits { array: 4, nesting: 2, blocks: 9, bytes: 3_000 };

    fn block(text: &str, children: Vec<Block>) -> Block {
        let text = vec![Span { text: text.into(), ..Span::default() }];
        Block { kind: BlockKind::Bullet, text, children }
    }

    fn tree() -> impl Strategy<Value = Vec<Block>> {
        let leaf = "[ab]{1,2}".prop_map(|text| block(&text, Vec::new()));
        let inner = leaf.prop_recursive(5, 60, 8, |inner| {
            ("[ab]{1,2}", prop::collection::vec(inner, 0..8)).prop_map(|(text, children)| block(&text, children))
        });
        prop::collection::vec(inner, 0..12)
    }

    /// A page that does what it is told.
    fn append(page: &mut Vec<Placed>, part: &BodyPart, drawn: &mut u32) {
        fn place(block: &Block, drawn: &mut u32) -> Placed {
            *drawn += 1;
            let id = drawn.to_string();
            let children = block.children.iter().map(|it| place(it, drawn)).collect();
            Placed { id, kind: Some(block.kind.clone()), text: block.plain(), children }
        }
        fn find<'a>(page: &'a mut Vec<Placed>, id: &str) -> Option<&'a mut Vec<Placed>> {
            for placed in page {
                if placed.id == id {
                    return Some(&mut placed.children);
                }
                if let Some(found) = find(&mut placed.children, id) {
                    return Some(found);
                }
            }
            None
        }
        let into = match &part.parent {
            None => page,
            Some(id) => find(page, id).unwrap(),
        };
        let at = part.after.as_ref().map_or(0, |after| into.iter().position(|it| it.id == *after).unwrap() + 1);
        assert_eq!(at, into.len(), "the rest goes to the end of what is there");
        into.extend(part.blocks.iter().map(|it| place(it, drawn)));
    }

    fn depth(blocks: &[Block]) -> usize {
        blocks.iter().map(|it| 1 + depth(&it.children)).max().unwrap_or(0)
    }

    fn widest(blocks: &[Block]) -> usize {
        blocks.iter().map(|it| widest(&it.children)).max().unwrap_or(0).max(blocks.len())
    }

    fn shape(page: &[Placed]) -> Vec<Block> {
        page.iter().map(|it| block(&it.text, shape(&it.children))).collect()
    }

    proptest! {
        #[test]
        fn parts_keep_every_limit_and_make_the_whole_body(wanted in tree()) {
            let (mut page, mut drawn, mut told) = (Vec::new(), 0, 0);
            loop {
                let progress = go_on(&wanted, &page, &LIMITS);
                prop_assert_eq!(progress.there, told);
                match progress.step {
                    Step::Complete => break,
                    Step::Foreign => prop_assert!(false, "it does not know its own blocks"),
                    Step::Append(part) => {
                        let count = Block::count(&part.blocks);
                        prop_assert!(count > 0 && count <= LIMITS.blocks);
                        prop_assert!(widest(&part.blocks) <= LIMITS.array);
                        prop_assert!(depth(&part.blocks) <= LIMITS.nesting + 1);
                        told += count;
                        append(&mut page, &part, &mut drawn);
                    }
                }
            }
            prop_assert_eq!(shape(&page), wanted.clone());
            prop_assert_eq!(told, Block::count(&wanted));
        }
    }

    #[test]
    fn what_is_no_beginning_of_the_template_is_somebodys() {
        let wanted = [block("a", vec![block("b", Vec::new())]), block("c", Vec::new())];
        let placed = |text: &str, children: Vec<Placed>| Placed {
            id: text.into(),
            kind: Some(BlockKind::Bullet),
            text: text.into(),
            children,
        };
        let step = |there: &[Placed]| go_on(&wanted, there, &LIMITS).step;
        assert_eq!(step(&[placed("mine", Vec::new())]), Step::Foreign);
        assert_eq!(step(&[placed("a", vec![placed("b", Vec::new())]), placed("mine", Vec::new())]), Step::Foreign);
        assert_eq!(step(&[placed("a", vec![placed("mine", Vec::new())])]), Step::Foreign);
        let whole = [placed("a", vec![placed("b", Vec::new())]), placed("c", Vec::new()), placed("mine", Vec::new())];
        assert_eq!(step(&whole), Step::Complete, "what comes after it is no matter");
        let image = Placed { kind: None, ..placed("a", Vec::new()) };
        assert_eq!(step(&[image]), Step::Foreign);
    }

    #[test]
    fn a_request_holds_no_more_bytes_than_it_may_and_one_block_at_least() {
        let wanted: Vec<Block> = (0..4).map(|_| block(&"\"".repeat(900), Vec::new())).collect();
        let Step::Append(part) = go_on(&wanted, &[], &LIMITS).step else { panic!("nothing to do") };
        assert_eq!(part.blocks.len(), 1);
        let Step::Append(part) = go_on(&[block(&"x".repeat(9_000), Vec::new())], &[], &LIMITS).step else {
            panic!("nothing to do")
        };
        assert_eq!(part.blocks.len(), 1);
    }
}
