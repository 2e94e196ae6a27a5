//! The formats that `parse` knows: a field read alone is the same as among all.

use bourn::decode::log_formats::LOG_FORMATS;

use super::rows;

/// Takes a byte for the format and lines.
pub fn check(data: &[u8]) {
    let Some((choice, lines)) = data.split_first() else {
        return;
    };
    let format = LOG_FORMATS[usize::from(*choice) % LOG_FORMATS.len()];
    let texts = rows::lines(lines);
    let names: Vec<String> = format.fields.iter().map(|field| field.name.to_owned()).collect();
    let all = rows::decode(format.decoder(&names).as_ref(), &texts);
    let structures = rows::decode(format.decoder(&[]).as_ref(), &texts);
    for (structure, all) in structures.iter().zip(&all) {
        assert!(structure.is_ok() || all == structure, "for fewer fields");
    }
    for (index, name) in names.iter().enumerate() {
        let decoder = format.decoder(std::slice::from_ref(name));
        let alone = rows::rows(decoder.decode(&texts), texts.spans.len());
        for (alone, all) in alone.iter().zip(&all) {
            if let Ok(all) = all {
                assert_eq!(alone.as_ref(), Ok(&vec![all[index].clone()]), "{name}");
            }
        }
    }
}
