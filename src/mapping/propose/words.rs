//! Words that mean the same in the fields of CRMs and the properties of databases, in English, German and Russian; and how
//! alike two names are.

use std::collections::BTreeSet;

/// What fields are about: the CRM's own names first, then what people call it. In the order in which a tie is broken.
#[rustfmt::skip]
const FIELDS: [(&[&str], &[&str]); 26] = [
    (&["TITLE"], &["name", "title", "deal", "deal name", "project", "project name", "task", "task name", "company name",
        "bezeichnung", "titel", "projekt", "projektname", "aufgabe", "firmenname", "название", "наименование", "проект",
        "сделка", "задача"]),
    (&["FULL_NAME"], &["name", "full name", "contact", "contact name", "person", "vollständiger name", "kontakt", "фио",
        "имя", "полное имя", "контакт"]),
    (&["NAME"], &["first name", "given name", "vorname", "имя"]),
    (&["LAST_NAME"], &["last name", "surname", "family name", "nachname", "familienname", "фамилия"]),
    (&["SECOND_NAME"], &["middle name", "second name", "отчество"]),
    (&["STAGE_ID", "STATUS_ID", "STATUS"], &["stage", "status", "phase", "state", "stufe", "стадия", "статус", "этап"]),
    (&["OPPORTUNITY", "REVENUE"], &["amount", "value", "deal value", "budget", "total", "sum", "price", "revenue",
        "betrag", "summe", "auftragswert", "umsatz", "wert", "сумма", "бюджет", "стоимость"]),
    (&["ASSIGNED_BY_ID", "RESPONSIBLE_ID"], &["responsible", "responsible person", "owner", "assignee", "assigned to",
        "manager", "account manager", "verantwortlich", "verantwortliche", "verantwortlicher", "zuständig", "bearbeiter",
        "ответственный", "менеджер", "исполнитель"]),
    (&["COMPANY_ID", "COMPANY_ID.TITLE", "COMPANY_TITLE"], &["company", "client", "customer", "account", "organisation",
        "organization", "firma", "unternehmen", "kunde", "компания", "клиент", "организация"]),
    (&["CONTACT_IDS", "CONTACT_ID"], &["contacts", "contact", "people", "kontakte", "kontakt", "ansprechpartner",
        "контакты", "контакт"]),
    (&["UF_CRM_TASK.DEAL"], &["deal", "deals", "project", "projects", "projekt", "projekte", "сделка", "проект"]),
    (&["EMAIL"], &["email", "e mail", "mail", "email address", "e mail adresse", "почта", "эл почта",
        "электронная почта"]),
    (&["PHONE"], &["phone", "phone number", "telephone", "mobile", "telefon", "telefonnummer", "handy", "телефон"]),
    (&["WEB"], &["website", "web", "site", "url", "homepage", "webseite", "сайт"]),
    (&["IM"], &["messenger", "мессенджер"]),
    (&["DATE_CREATE", "CREATED_DATE"], &["creation date", "created", "created on", "date created", "erstellt",
        "erstellt am", "erstellungsdatum", "дата создания", "создано", "создан"]),
    (&["DATE_MODIFY", "CHANGED_DATE"], &["modified", "modified on", "updated", "last edited", "geändert", "geändert am",
        "дата изменения", "изменено"]),
    (&["CLOSEDATE", "DEADLINE"], &["deadline", "due", "due date", "close date", "closing date", "end date", "fällig",
        "fälligkeit", "frist", "abschlussdatum", "enddatum", "срок", "крайний срок", "дедлайн", "дата завершения"]),
    (&["BEGINDATE", "START_DATE_PLAN"], &["start", "start date", "begin", "beginn", "startdatum", "дата начала",
        "начало"]),
    (&["COMMENTS", "DESCRIPTION"], &["notes", "note", "comment", "comments", "description", "details", "notizen", "notiz",
        "kommentar", "beschreibung", "комментарий", "комментарии", "заметки", "описание", "примечание"]),
    (&["POST"], &["position", "job title", "role", "funktion", "должность"]),
    (&["BIRTHDATE"], &["birthday", "birthdate", "date of birth", "geburtstag", "geburtsdatum", "день рождения",
        "дата рождения"]),
    (&["SOURCE_ID"], &["source", "lead source", "quelle", "herkunft", "источник"]),
    (&["TYPE_ID", "COMPANY_TYPE"], &["type", "kind", "category", "typ", "art", "kategorie", "тип", "категория"]),
    (&["INDUSTRY"], &["industry", "sector", "branche", "отрасль", "сфера деятельности"]),
    (&["PRIORITY"], &["priority", "priorität", "приоритет", "важность"]),
];

/// What databases of records are called.
#[rustfmt::skip]
const ENTITIES: [(&str, &[&str]); 5] = [
    ("deal", &["deal", "deals", "project", "projects", "opportunity", "opportunities", "sales", "pipeline", "orders",
        "projekt", "projekte", "auftrag", "aufträge", "verkäufe", "geschäfte", "сделка", "сделки", "проект", "проекты",
        "заказы"]),
    ("contact", &["contact", "contacts", "people", "persons", "person", "kontakt", "kontakte", "personen",
        "ansprechpartner", "контакт", "контакты", "люди"]),
    ("company", &["company", "companies", "clients", "customers", "accounts", "organisations", "organizations", "firma",
        "firmen", "unternehmen", "kunden", "компания", "компании", "клиенты", "организации"]),
    ("lead", &["lead", "leads", "prospects", "enquiries", "interessenten", "anfragen", "лид", "лиды", "заявки"]),
    ("task", &["task", "tasks", "todo", "todos", "to do", "board", "aufgabe", "aufgaben", "задача", "задачи", "дела"]),
];

/// Equal names.
const SAME: u8 = 100;
/// Names that mean the same.
const MEANT: u8 = 90;
/// Names that differ by a slip.
const SLIP: u8 = 75;

/// A name in lower case, its words with one space between; what separates words and decorates them does not count.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().map(|it| if it.is_alphanumeric() { it } else { ' ' });
    let lower: String = letters.flat_map(char::to_lowercase).collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How alike two names are as words, from 0 to 100.
fn alike(one: &str, other: &str) -> u8 {
    let (one, other) = (plain(one), plain(other));
    if one.is_empty() || other.is_empty() {
        return 0;
    }
    if one == other {
        return SAME;
    }
    if one.chars().count() > 4 && super::super::near::nearest(&one, [other.as_str()]).is_some() {
        return SLIP;
    }
    let (a, b): (BTreeSet<&str>, BTreeSet<&str>) = (one.split(' ').collect(), other.split(' ').collect());
    let (shared, all) = (a.intersection(&b).count(), a.union(&b).count());
    // Half of the words is not yet much; all of them in another order is nearly the same.
    if shared * 2 < all { 0 } else { u8::try_from(30 + shared * 55 / all.max(1)).unwrap_or(SLIP) }
}

/// The rows of the table that a CRM's field is in, and whether the table knows it.
fn rows_of(field: &str) -> impl Iterator<Item = &'static [&'static str]> {
    FIELDS.into_iter().filter(move |(own, _)| own.contains(&field)).map(|(_, words)| words)
}

/// How alike a CRM's field, by name and label, and a property are.
pub(super) fn field(name: &str, label: &str, property: &str) -> u8 {
    let wanted = plain(property);
    let known = rows_of(name).next().is_some();
    let means = rows_of(name).any(|words| words.iter().any(|word| plain(word) == wanted));
    // A field that the table knows is called what the table says: `NAME` is a first name.
    let own = if known { 0 } else { alike(name.trim_start_matches("UF_CRM_").trim_start_matches("UF_"), property) };
    // A label that means something else than the field's name is a person's, and counts.
    let by_label = alike(label, property);
    let by_word = FIELDS.iter().any(|(_, words)| {
        let has = |text: &str| words.iter().any(|word| plain(word) == text);
        has(&wanted) && has(&plain(label))
    });
    let meant = if means || (by_word && !known) { MEANT } else { 0 };
    own.max(by_label).max(meant)
}

/// Where a tie between two fields is broken: fields that the table knows come first, in its order.
pub(super) fn rank(name: &str) -> usize {
    FIELDS.iter().position(|(own, _)| own.contains(&name)).unwrap_or(FIELDS.len())
}

/// How alike a kind of record, by its configured name and its title, and a data source are.
pub(super) fn entity(name: &str, title: &str, source: &str) -> u8 {
    let wanted = plain(source);
    let words = ENTITIES.iter().find(|(own, _)| *own == name).map(|(_, words)| *words).unwrap_or_default();
    let known = words.iter().any(|word| plain(word) == wanted);
    // `Acme projects 2026`: one of its words is enough, and less sure.
    let part = words.iter().any(|word| wanted.split(' ').any(|own| own == plain(word)));
    let meant = if known {
        MEANT
    } else if part {
        SLIP
    } else {
        0
    };
    alike(title, source).max(meant)
}

/// How alike two options are.
pub(super) fn option(one: &str, other: &str) -> u8 {
    alike(one, other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_fields_are_recognised_in_three_languages_and_others_are_not() {
        for (name, label, property) in [
            ("OPPORTUNITY", "Amount", "Betrag"),
            ("OPPORTUNITY", "Сумма", "Budget"),
            ("ASSIGNED_BY_ID", "Responsible person", "Ответственный"),
            ("FULL_NAME", "Full name", "Name"),
            ("STAGE_ID", "Stage", "Статус"),
            ("EMAIL", "E-mail", "E-Mail"),
            ("UF_CRM_DEADLINE", "", "Deadline"),
            ("UF_CRM_1700", "Fälligkeit", "Due date"),
        ] {
            assert!(field(name, label, property) >= MEANT, "{name} {label} {property}");
        }
        // A first name is not the name, although the CRM calls it so.
        assert!(field("NAME", "First name", "Name") < SLIP);
        assert_eq!(field("OPPORTUNITY", "Amount", "Weather"), 0);
        assert!(field("COMMENTS", "Comment", "Coment") >= SLIP);
        assert!(entity("deal", "Deals", "Проекты") >= MEANT && entity("contact", "Contacts", "Acme contacts") >= SLIP);
        assert_eq!(entity("lead", "Leads", "Recipes"), 0);
    }

    proptest! {
        #[test]
        fn any_two_names_are_compared_and_equal_ones_are_the_same(one in "\\PC{0,30}", other in "\\PC{0,30}") {
            prop_assert!(alike(&one, &other) <= SAME);
            prop_assert_eq!(alike(&one, &other) == SAME, !plain(&one).is_empty() && plain(&one) == plain(&other));
            prop_assert!(field(&one, &other, &one) <= SAME && entity(&one, &other, &one) <= SAME);
            prop_assert_eq!(plain(&plain(&one)), plain(&one));
        }
    }
}
