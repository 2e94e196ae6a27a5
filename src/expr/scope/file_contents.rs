//! The files that an expression names, read before it is bound.

use std::cell::RefCell;
use std::rc::Rc;

/// The contents of a file, or a sentence without its name that tells why it cannot be read.
type Contents = Result<Vec<u8>, String>;

/// Files by their paths as written. Each is taken by the stage that names it.
#[derive(Clone, Debug, Default)]
pub struct FileContents {
    read: Rc<RefCell<Vec<(String, Contents)>>>,
    sample: Option<&'static [u8]>,
}

impl FileContents {
    /// Reads these files, in order. A path that two stages name is read for each.
    pub fn read(paths: impl IntoIterator<Item = String>, read: impl Fn(&str) -> Contents) -> FileContents {
        let files = paths.into_iter().map(|path| {
            let contents = read(&path);
            (path, contents)
        });
        FileContents { read: Rc::new(RefCell::new(files.collect())), sample: None }
    }

    /// Every file has these contents: suggestions are checked without reading any.
    pub fn sample(contents: &'static [u8]) -> FileContents {
        FileContents { read: Rc::default(), sample: Some(contents) }
    }

    /// Takes the contents of a file; `None` if it was not read.
    pub fn take(&self, path: &str) -> Option<Contents> {
        let mut read = self.read.borrow_mut();
        match read.iter().position(|(name, _)| name == path) {
            Some(index) => Some(read.remove(index).1),
            None => self.sample.map(|contents| Ok(contents.to_vec())),
        }
    }
}
