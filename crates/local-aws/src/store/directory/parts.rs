//! Multipart uploads: a folder each, with the parts' bytes and one record of all.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::sync::{MutexGuard, PoisonError};

use jiff::Timestamp;

use super::Directory;
use super::layout::{self, Layout};
use crate::store::spool::Spooled;
use crate::store::uploads::{self, Part, PartInfo, Upload, UploadInfo, Uploads};
use crate::store::{Attributes, Condition, ObjectInfo, StoreError};

const RECORD: &str = "upload.json";

/// Reads the records of all uploads.
pub(super) fn load(layout: &Layout) -> io::Result<Uploads<String>> {
    let mut uploads = BTreeMap::new();
    for folder in fs::read_dir(layout.uploads())? {
        let folder = folder?;
        let Ok(id) = folder.file_name().into_string() else {
            continue;
        };
        if let Some(upload) = layout::read_json(&folder.path().join(RECORD)) {
            uploads.insert(id, upload);
        }
    }
    Ok(Uploads(uploads))
}

impl Directory {
    fn uploads_index(&self) -> MutexGuard<'_, Uploads<String>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record_upload(&self, id: &str, upload: &Upload<String>) -> io::Result<()> {
        layout::write_json(&self.layout.upload(id).join(RECORD), &self.scratch(), upload)
    }

    pub(in crate::store) fn create_upload(
        &self,
        (bucket, key): (&str, &str),
        attributes: Attributes,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        self.bucket_dir(bucket)?;
        let doing = "begin an upload";
        let id = loop {
            let id = layout::hash(&format!("{bucket}/{key} {} {}", now.as_nanosecond(), self.next_number()));
            match fs::create_dir(self.layout.upload(&id)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => break made.map(|()| id).map_err(StoreError::io(doing))?,
            }
        };
        let upload = Upload::new(bucket, key, now, attributes);
        self.record_upload(&id, &upload).map_err(StoreError::io(doing))?;
        self.uploads_index().0.insert(id.clone(), upload);
        Ok(id)
    }

    pub(in crate::store) fn put_part(
        &self,
        (bucket, key, id): (&str, &str, &str),
        number: u32,
        spooled: Spooled,
        now: Timestamp,
    ) -> Result<PartInfo, StoreError> {
        let doing = "write a part";
        self.bucket_dir(bucket)?;
        let info = PartInfo { number, etag: hex::encode(spooled.md5), size: spooled.size, modified: now };
        let temp = self.temp_file(spooled.data)?;
        let mut index = self.uploads_index();
        let upload = index.find_mut(bucket, key, id)?;
        let folder = self.layout.upload(id);
        let (_, path) =
            layout::create_numbered(&folder, &format!("part-{number:05}-"), || self.next_number())
                .map_err(StoreError::io(doing))?;
        fs::rename(temp.path(), &path).map_err(StoreError::io(doing))?;
        let data = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let before = upload.parts.insert(number, Part { info: info.clone(), data });
        self.record_upload(id, upload).map_err(StoreError::io(doing))?;
        if let Some(before) = before {
            layout::remove(&folder.join(before.data)).map_err(StoreError::io(doing))?;
        }
        Ok(info)
    }

    pub(in crate::store) fn parts(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> Result<Vec<PartInfo>, StoreError> {
        self.bucket_dir(bucket)?;
        let index = self.uploads_index();
        Ok(index.find(bucket, key, id)?.parts.values().map(|part| part.info.clone()).collect())
    }

    pub(in crate::store) fn complete_upload(
        &self,
        (bucket, key, id): (&str, &str, &str),
        named: &[(u32, String)],
        condition: &Condition,
        now: Timestamp,
    ) -> Result<ObjectInfo, StoreError> {
        self.bucket_dir(bucket)?;
        let (parts, attributes): (Vec<Part<String>>, _) = {
            let index = self.uploads_index();
            let upload = index.find(bucket, key, id)?;
            (upload.chosen(named)?.into_iter().cloned().collect(), upload.attributes.clone())
        };
        let spooled = self.joined(id, &parts).map_err(|error| match error.kind() {
            // Completed, aborted or uploaded again while it was read.
            io::ErrorKind::NotFound => StoreError::NoSuchUpload(id.to_owned()),
            _ => StoreError::io("join the parts")(error),
        })?;
        let etag = uploads::etag(parts.iter().map(|part| &part.info));
        let info = self.put((bucket, key), spooled, attributes, condition, now, Some(etag))?;
        self.drop_upload(id).map_err(StoreError::io("end an upload"))?;
        Ok(info)
    }

    /// The parts' bytes as one body.
    fn joined(&self, id: &str, parts: &[Part<String>]) -> io::Result<Spooled> {
        let mut spool = self.spool().map_err(io::Error::other)?;
        let mut piece = vec![0; 256 * 1024];
        for part in parts {
            let mut file = File::open(self.layout.upload(id).join(&part.data))?;
            loop {
                let read = file.read(&mut piece)?;
                if read == 0 {
                    break;
                }
                spool.write(&piece[..read])?;
            }
        }
        Ok(spool.finish())
    }

    fn drop_upload(&self, id: &str) -> io::Result<()> {
        self.uploads_index().0.remove(id);
        match fs::remove_dir_all(self.layout.upload(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    pub(in crate::store) fn abort_upload(&self, bucket: &str, key: &str, id: &str) -> Result<(), StoreError> {
        self.bucket_dir(bucket)?;
        self.uploads_index().find(bucket, key, id)?;
        self.drop_upload(id).map_err(StoreError::io("end an upload"))
    }

    pub(in crate::store) fn uploads(&self, bucket: &str) -> Result<Vec<UploadInfo>, StoreError> {
        self.bucket_dir(bucket)?;
        Ok(self.uploads_index().of_bucket(bucket))
    }

    /// Ends the uploads into a bucket that is deleted.
    pub(super) fn forget_uploads(&self, bucket: &str) -> io::Result<()> {
        let ids: Vec<String> =
            self.uploads_index().of_bucket(bucket).into_iter().map(|upload| upload.id).collect();
        ids.iter().try_for_each(|id| self.drop_upload(id))
    }
}
