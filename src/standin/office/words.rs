//! What people in an office write: names, titles, notes, amounts. Plausible data, never random letters.

use fastrand::Rng;

/// The colleagues, who are users of both systems: name and e-mail address. The first two are users of every pretend
/// portal.
pub(super) const COLLEAGUES: [(&str, &str); 5] = [
    ("Anna Weber", "anna@example.com"),
    ("Boris Klein", "boris@example.com"),
    ("Clara Novak", "clara@example.com"),
    ("David Osei", "david@example.com"),
    ("Emma Lindgren", "emma@example.com"),
];

/// The customers' companies and their mail domains.
pub(super) const COMPANIES: [(&str, &str); 8] = [
    ("Nordlicht Energy", "nordlicht.example"),
    ("Harbour & Sons", "harboursons.example"),
    ("Blue Fjord Logistics", "bluefjord.example"),
    ("Atelier Moreau", "ateliermoreau.example"),
    ("Kestrel Robotics", "kestrel.example"),
    ("Green Acre Foods", "greenacre.example"),
    ("Silverline Clinics", "silverline.example"),
    ("Tamarind Travel", "tamarind.example"),
];

const FIRST: [&str; 24] = [
    "Olivia", "Liam", "Sofia", "Noah", "Mia", "Jonas", "Elena", "Marco", "Ingrid", "Tariq", "Hannah", "Pavel", "Chloé",
    "Rafael", "Yuki", "Amara", "Felix", "Nadia", "Oscar", "Leonie", "Samuel", "Priya", "Viktor", "Isabel",
];

const LAST: [&str; 24] = [
    "Bergmann", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanova", "Jensen", "Kowalski",
    "Laurent", "Meyer", "Nakamura", "Okafor", "Petrov", "Quinn", "Rossi", "Schmidt", "Tanaka", "Ullmann", "Vargas",
    "Walsh", "Young", "Zimmer",
];

const WORK: [&str; 16] = [
    "Website redesign",
    "Online shop",
    "Booking portal",
    "Brand identity",
    "Warehouse dashboard",
    "Mobile app",
    "Annual report",
    "Support contract",
    "Data migration",
    "Staff training",
    "Customer survey",
    "Newsletter launch",
    "Intranet refresh",
    "Payment integration",
    "Security review",
    "Trade fair stand",
];

const VARIANTS: [&str; 6] = ["phase 2", "pilot", "rollout", "extension", "relaunch", "maintenance"];

const NOTES: [&str; 14] = [
    "Waiting for the signed offer",
    "Call back on Monday about the budget",
    "Prefers a meeting in the morning",
    "Sent the revised estimate, discount of 5 %",
    "Legal wants to see the contract first",
    "Kick-off with the whole team next week",
    "Asked for two references from the same industry",
    "Scope changed: mobile version comes later",
    "Decision after the board meeting",
    "Very happy with the first draft",
    "Needs an invoice before the end of the quarter",
    "New contact person in purchasing",
    "Hosting is paid by the customer",
    "Wants everything in English and German",
];

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from.get(rng.usize(..from.len().max(1))).copied().unwrap_or_default()
}

/// A person outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outsider {
    pub first: String,
    pub last: String,
    pub email: String,
    pub phone: String,
}

impl Outsider {
    /// The name as a page's title has it.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }
}

/// A person outside; `number` keeps every e-mail address different from all others.
pub(super) fn outsider(rng: &mut Rng, number: usize) -> Outsider {
    let (first, last) = (pick(rng, &FIRST), pick(rng, &LAST));
    let (_, domain) = COMPANIES[number % COMPANIES.len()];
    let local: String = format!("{first}.{last}").to_lowercase().chars().filter(char::is_ascii).collect();
    Outsider {
        first: first.to_owned(),
        last: last.to_owned(),
        email: format!("{local}{}@{domain}", number + 1),
        phone: phone(rng),
    }
}

/// Who lives with a person outside, and has the same family name and address.
pub(super) fn partner(rng: &mut Rng, of: &Outsider) -> Outsider {
    let names: Vec<&str> = FIRST.into_iter().filter(|first| *first != of.first).collect();
    Outsider { first: pick(rng, &names).to_owned(), phone: phone(rng), ..of.clone() }
}

/// A telephone number.
pub(super) fn phone(rng: &mut Rng) -> String {
    let area = ["30", "40", "69", "89", "221"][rng.usize(..5)];
    format!("+49 {area} {}", rng.u32(2_000_000..9_999_999))
}

/// Another family name, as after a wedding.
pub(super) fn family_name(rng: &mut Rng) -> String {
    pick(rng, &LAST).to_owned()
}

/// The title of a project that no other has; `number` sees to that.
pub(super) fn title(rng: &mut Rng, number: usize) -> String {
    let (company, _) = COMPANIES[rng.usize(..COMPANIES.len())];
    let work = WORK[number % WORK.len()];
    match number / WORK.len() {
        0 => format!("{work} {company}"),
        round => format!("{work} {company} {}", 2026 + round),
    }
}

/// Another title for the same project. `number` keeps it different from all others.
pub(super) fn retitle(rng: &mut Rng, title: &str, number: usize) -> String {
    let stem = title.split(" – ").next().unwrap_or(title);
    format!("{stem} – {} {}", pick(rng, &VARIANTS), number % 90 + 10)
}

/// A remark about a project. `number` keeps it different from all others.
pub(super) fn note(rng: &mut Rng, number: usize) -> String {
    format!("{} (note {})", pick(rng, &NOTES), number + 1)
}

/// An amount in whole or half units, as offers have it.
pub(super) fn amount(rng: &mut Rng) -> String {
    let hundreds = rng.u32(8..900);
    if rng.u8(..4) == 0 { format!("{}.5", hundreds * 50 + 49) } else { format!("{}", hundreds * 50) }
}

/// A day of the year in which the office works.
pub(super) fn day(rng: &mut Rng) -> String {
    format!("2026-{:02}-{:02}", rng.u8(2..13), rng.u8(1..29))
}

/// What is saved while somebody types: two half-typed values at the most, then the whole.
pub(super) fn typed(rng: &mut Rng, text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut out: Vec<String> = Vec::new();
    for share in [3, 6] {
        let upto = letters.len() * share / 10 + rng.usize(..2);
        let half: String = letters.iter().take(upto).collect::<String>().trim_end().to_owned();
        if !half.is_empty() && half != text && out.last() != Some(&half) {
            out.push(half);
        }
    }
    out.push(text.to_owned());
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn half_typed_values_grow_into_the_whole() {
        let mut rng = Rng::with_seed(4);
        let typed = typed(&mut rng, "Website redesign");
        assert_eq!(typed.len(), 3);
        assert!(typed.windows(2).all(|two| two[1].starts_with(&two[0]) && two[0].len() < two[1].len()), "{typed:?}");
        assert_eq!(typed.last().unwrap(), "Website redesign");
    }

    #[test]
    fn no_two_people_share_an_address_and_no_two_projects_a_title() {
        let mut rng = Rng::with_seed(4);
        let addresses: std::collections::BTreeSet<_> = (0..200).map(|n| outsider(&mut rng, n).email).collect();
        let titles: std::collections::BTreeSet<_> = (0..64).map(|n| title(&mut rng, n)).collect();
        assert_eq!((addresses.len(), titles.len()), (200, 64));
        assert!(addresses.iter().all(|a| a.is_ascii()));
    }
}
