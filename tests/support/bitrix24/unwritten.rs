//! Every type of Bitrix24 field that is only read, or not even that.

use super::*;

#[tokio::test(start_paused = true)]
async fn bitrix24_string_company_id_title_is_read_and_never_written() {
    let held = system("string: COMPANY_ID.TITLE", Of::Deal, "COMPANY_ID.TITLE").await;
    assert_eq!(held.read().await, Value::Empty);
    let company = held.office.portal().add_company("Acme");
    held.office.person_edits(Of::Deal, &held.id, &[("COMPANY_ID", json!(company))]);
    assert_eq!(held.read().await, text("Acme"));
    held.is_read(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_address_is_read_and_never_written() {
    let held = user_field("address", UserFieldType::Other("address"), &[]).await;
    let values = [
        (json!("Street 1, City|52.5;13.4|7"), text("Street 1, City")),
        (json!("Street 2"), text("Street 2")),
        (json!(""), Value::Empty),
    ];
    held.is_read(&values).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_several_texts_numbers_dates_or_amounts_is_read_and_never_written() {
    let held = user_field("several texts, numbers, dates or amounts", UserFieldType::StringMultiple, &[]).await;
    held.is_read(&[(json!(["a", "b, c"]), text("a\nb, c")), (json!([]), Value::Empty)]).await;
}

async fn explained(native: &str, wire_type: &'static str, typed: Json) {
    user_field(native, UserFieldType::Other(wire_type), &[]).await.is_explained(typed).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_crm_several_kinds_of_records_is_explained_and_never_written() {
    explained("crm: several kinds of records", "crm", json!(["C_1", "CO_2"])).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_crm_company_own_company_is_explained_and_never_written() {
    let office = Office::new();
    let own = json!({
        "type": "crm_company", "isRequired": false, "isReadOnly": false, "isImmutable": false, "isMultiple": false,
        "isDynamic": false, "title": "Own company", "upperName": "MYCOMPANY_ID", "settings": {"isMyCompany": true},
    });
    office.fate([Fate::Instead(Response::json(200, &json!({"result": {"fields": {"mycompanyId": own}}, "time": {}})))]);
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("A"))]);
    let deal = entity("deal", &["MYCOMPANY_ID"]);
    let schema = office.client.schema(&deal).await.unwrap();
    let (info, row) = (&schema.fields["MYCOMPANY_ID"], row("crm_company: own company"));
    assert!(info.kinds.is_empty() && !info.writable && row.kinds.is_empty());
    let item = json!({"result": {"item": {"id": id.parse::<u64>().unwrap(), "mycompanyId": 7}}, "time": {}});
    office.fate([Fate::Instead(Response::json(200, &item))]);
    let mut got = office.client.get(&deal, &[RecordId(id)], Lane::Write).await.unwrap();
    let Some((_, Fetched::Record(record))) = got.pop() else { panic!("{got:?}") };
    assert!(matches!(&record.fields["MYCOMPANY_ID"], FieldState::Unknown(why) if why == row.fidelity.why()));
    let write = set(&[("MYCOMPANY_ID", links(&["8"]))]);
    assert!(reason(office.client.update(&deal, &record, &write, None).await).contains(row.fidelity.why()));
}

#[tokio::test(start_paused = true)]
async fn bitrix24_crm_entity_is_explained_and_never_written() {
    for wire_type in ["crm_entity", "crm_lead", "crm_quote"] {
        explained("crm_entity", wire_type, json!(7)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn bitrix24_file_is_explained_and_never_written() {
    explained("file", "file", json!({"id": 7, "url": "/a", "urlMachine": "https://portal/rest/1/secret/a"})).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_iblock_element_is_explained_and_never_written() {
    explained("iblock_element", "iblock_element", json!(7)).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_iblock_section_is_explained_and_never_written() {
    explained("iblock_section", "iblock_section", json!([7])).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_hlblock_is_explained_and_never_written() {
    explained("hlblock", "hlblock", json!(7)).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_resourcebooking_is_explained_and_never_written() {
    explained("resourcebooking", "resourcebooking", json!([7, 8])).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_any_other_is_explained_and_never_written() {
    explained("any other", "hologram", json!({"depth": 3})).await;
}
