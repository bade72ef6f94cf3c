-- A gallery with schema 0012. Never edit: later releases must upgrade it.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0012');
CREATE TABLE app_user (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	CONSTRAINT uq_app_user_name UNIQUE (name), 
	CONSTRAINT ck_app_user_role CHECK (role IN ('viewer', 'reviewer', 'admin'))
);
INSERT INTO "app_user" VALUES(1,'Ada','reviewer');
CREATE TABLE cleanup_item (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run_id INTEGER NOT NULL, 
	photo_id INTEGER, 
	face_ids VARCHAR NOT NULL, 
	fed BOOLEAN NOT NULL, 
	job_id INTEGER, 
	CONSTRAINT fk_cleanup_item_run_id_cleanup_run FOREIGN KEY(run_id) REFERENCES cleanup_run (id) ON DELETE CASCADE, 
	CONSTRAINT fk_cleanup_item_job_id_job FOREIGN KEY(job_id) REFERENCES job (id) ON DELETE SET NULL
);
INSERT INTO "cleanup_item" VALUES(1,1,1,'[1,2]',1,2);
INSERT INTO "cleanup_item" VALUES(2,1,2,'[3]',0,NULL);
CREATE TABLE cleanup_run (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	started_at VARCHAR NOT NULL, 
	photos INTEGER NOT NULL, 
	faces INTEGER NOT NULL, 
	hours VARCHAR, 
	idle BOOLEAN NOT NULL, 
	options VARCHAR NOT NULL, 
	estimated_hours REAL, 
	estimated_bytes BIGINT, 
	CONSTRAINT uq_cleanup_run_started_at UNIQUE (started_at)
);
INSERT INTO "cleanup_run" VALUES(1,'2026-11-29T03:00:00.000000+00:00',2,3,'22:00-06:00',0,'{"restorer":"waifu2x"}',0.5,4096);
CREATE TABLE cluster (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	person_id INTEGER, 
	CONSTRAINT fk_cluster_person_id_person FOREIGN KEY(person_id) REFERENCES person (id) ON DELETE SET NULL
);
INSERT INTO "cluster" VALUES(1,1);
CREATE TABLE decision (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	summary VARCHAR NOT NULL, 
	changes VARCHAR NOT NULL, 
	undoable BOOLEAN NOT NULL, 
	undoes INTEGER, 
	undone_by INTEGER, actor VARCHAR, 
	CONSTRAINT fk_decision_undoes_decision FOREIGN KEY(undoes) REFERENCES decision (id), 
	CONSTRAINT fk_decision_undone_by_decision FOREIGN KEY(undone_by) REFERENCES decision (id)
);
INSERT INTO "decision" VALUES(1,'2026-11-23T13:29:27+00:00','create_person','created person 2 (Ada)','[["insert","person",2,{"id":2,"name":"Ada","hidden":false,"ignored":false,"birth_date":null,"cover_face_id":null,"created_by":"user"}]]',1,NULL,NULL,'Ada');
INSERT INTO "decision" VALUES(2,'2026-11-23T13:29:27+00:00','create_person','created person 3 (Eve)','[["insert","person",3,{"id":3,"name":"Eve","hidden":false,"ignored":false,"birth_date":null,"cover_face_id":null,"created_by":"user"}]]',1,NULL,NULL,NULL);
INSERT INTO "decision" VALUES(3,'2026-11-23T13:29:27+00:00','create_person','created person 4 (Bob)','[["insert","person",4,{"id":4,"name":"Bob","hidden":false,"ignored":false,"birth_date":null,"cover_face_id":null,"created_by":"user"}]]',1,NULL,NULL,NULL);
INSERT INTO "decision" VALUES(4,'2026-11-23T13:29:27+00:00','assign','assigned face 1 to person 2 (Ada)','[["update","face",1,{"person_id":[null,2],"confirmed":[false,true]}]]',1,NULL,NULL,NULL);
INSERT INTO "decision" VALUES(5,'2026-11-23T13:29:27+00:00','reject','rejected face 4 as person 2 (Ada)','[["insert","rejection",1,{"id":1,"face_id":4,"person_id":2}]]',1,NULL,NULL,NULL);
INSERT INTO "decision" VALUES(6,'2026-11-23T13:29:27+00:00','different','person 2 (Ada) is not person 4 (Bob)','[["insert","different",1,{"id":1,"person_a":2,"person_b":4}]]',1,NULL,NULL,NULL);
INSERT INTO "decision" VALUES(7,'2026-11-23T13:29:27+00:00','merge','merged person 3 (Eve) into person 2 (Ada)','[["delete","different",1,{"id":1,"person_a":2,"person_b":4}],["insert","different",2,{"id":2,"person_a":2,"person_b":4}],["delete","person",3,{"id":3,"name":"Eve","hidden":false,"ignored":false,"birth_date":null,"cover_face_id":null,"created_by":"user"}],["insert","merged",1,{"id":1,"person_id":2,"absorbed_id":3}]]',1,NULL,NULL,NULL);
INSERT INTO "decision" VALUES(8,'2026-11-23T13:29:27+00:00','birth_date','person 2 (Ada): born 1950-01-02','[["update","person",2,{"birth_date":[null,"1950-01-02"]}]]',1,NULL,NULL,NULL);
INSERT INTO "decision" VALUES(9,'2026-11-23T13:29:27+00:00','hide','hid person 4 (Bob)','[["update","person",4,{"hidden":[false,true]}]]',1,NULL,10,NULL);
INSERT INTO "decision" VALUES(10,'2026-11-23T13:29:27+00:00','undo','undid: hid person 4 (Bob)','[["update","person",4,{"hidden":[true,false]}]]',1,9,NULL,NULL);
INSERT INTO "decision" VALUES(11,'2026-11-23T13:29:27+00:00','add_face','drew face 5 as person 2 (Ada)','[["insert","face",5,{"id":5,"photo_id":1,"x1":300,"y1":0,"x2":320,"y2":20,"landmarks":null,"det_score":1,"quality":null,"degradation":null,"source":"manual","cluster_id":null,"person_id":2,"confirmed":true,"state":"ok"}]]',1,NULL,NULL,NULL);
INSERT INTO "decision" VALUES(12,'2026-11-29T18:21:45+00:00','date_photos','{"code":"photos_dated","params":{"photos":1,"first":"/lib/a","date":"1955/1959"}}','[["update","photo",1,{"dated":[null,"1955/1959"],"captured_at":[null,"1957-07-01T00:00:00"]}]]',1,NULL,NULL,NULL);
CREATE TABLE different (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	person_a INTEGER NOT NULL, 
	person_b INTEGER NOT NULL, 
	CONSTRAINT ck_different_ordered CHECK (person_a < person_b), 
	CONSTRAINT fk_different_person_a_person FOREIGN KEY(person_a) REFERENCES person (id) ON DELETE CASCADE, 
	CONSTRAINT fk_different_person_b_person FOREIGN KEY(person_b) REFERENCES person (id) ON DELETE CASCADE, 
	CONSTRAINT uq_different_person_a UNIQUE (person_a, person_b)
);
INSERT INTO "different" VALUES(2,2,4);
CREATE TABLE embedding (
	id INTEGER NOT NULL, 
	embedder VARCHAR NOT NULL, 
	face_id INTEGER NOT NULL, 
	vector BLOB NOT NULL, 
	norm REAL NOT NULL, 
	CONSTRAINT pk_embedding PRIMARY KEY (id), 
	CONSTRAINT fk_embedding_face_id_face FOREIGN KEY(face_id) REFERENCES face (id) ON DELETE CASCADE, 
	CONSTRAINT uq_embedding_embedder UNIQUE (embedder, face_id)
);
INSERT INTO "embedding" VALUES(1,'test-8',1,X'5E31613622310FB90737EE322BB48334',2.0);
INSERT INTO "embedding" VALUES(2,'test-8',2,X'142BE4B0BBAFB6B936385B3517AE3E33',3.0);
INSERT INTO "embedding" VALUES(3,'test-8',3,X'23382EB9C72E9AB057AFFEAA18B885AB',4.0);
INSERT INTO "embedding" VALUES(4,'test-8',4,X'03B44DAC1E390E340DB91998ACB3512B',5.0);
CREATE TABLE face (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	photo_id INTEGER NOT NULL, 
	x1 REAL NOT NULL, 
	y1 REAL NOT NULL, 
	x2 REAL NOT NULL, 
	y2 REAL NOT NULL, 
	landmarks BLOB, 
	det_score REAL NOT NULL, 
	quality REAL, 
	degradation VARCHAR, 
	source VARCHAR NOT NULL, 
	cluster_id INTEGER, 
	person_id INTEGER, 
	confirmed BOOLEAN NOT NULL, 
	state VARCHAR NOT NULL, 
	CONSTRAINT ck_face_source CHECK (source IN ('detected', 'manual')), 
	CONSTRAINT ck_face_state CHECK (state IN ('ok', 'doubtful', 'ignored', 'forgotten')), 
	CONSTRAINT fk_face_cluster_id_cluster FOREIGN KEY(cluster_id) REFERENCES cluster (id) ON DELETE SET NULL, 
	CONSTRAINT fk_face_person_id_person FOREIGN KEY(person_id) REFERENCES person (id) ON DELETE SET NULL, 
	CONSTRAINT fk_face_photo_id_photo FOREIGN KEY(photo_id) REFERENCES photo (id) ON DELETE CASCADE
);
INSERT INTO "face" VALUES(1,1,0.0,0.0,10.0,10.0,X'000000000000803F0000004000004040000080400000A0400000C0400000E0400000004100001041',0.9,0.5,NULL,'detected',NULL,2,1,'ok');
INSERT INTO "face" VALUES(2,1,100.0,0.0,110.0,10.0,X'000000000000803F0000004000004040000080400000A0400000C0400000E0400000004100001041',0.9,0.5,NULL,'detected',1,1,0,'ok');
INSERT INTO "face" VALUES(3,2,0.0,0.0,10.0,10.0,X'000000000000803F0000004000004040000080400000A0400000C0400000E0400000004100001041',0.9,0.5,NULL,'detected',1,1,0,'ok');
INSERT INTO "face" VALUES(4,3,0.0,0.0,10.0,10.0,X'000000000000803F0000004000004040000080400000A0400000C0400000E0400000004100001041',0.9,0.5,'{"score": 0.9, "eye_distance": 40.0, "noise": 9.0, "detail": -2.0, "blockiness": 0.0, "reasons": [{"code": "noisy", "params": {"noise": 9.0}}], "quality": null, "print_damage": 0.0, "reduced": 1.0, "version": 5}','detected',NULL,NULL,0,'ok');
INSERT INTO "face" VALUES(5,1,300.0,0.0,320.0,20.0,NULL,1.0,NULL,NULL,'manual',NULL,2,1,'ok');
CREATE TABLE job (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR NOT NULL, 
	payload VARCHAR NOT NULL, 
	dedupe VARCHAR, 
	state VARCHAR NOT NULL, 
	priority INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	max_attempts INTEGER NOT NULL, 
	run_after REAL NOT NULL, 
	lease_until REAL, 
	error VARCHAR, 
	progress VARCHAR, 
	created_at REAL NOT NULL, 
	finished_at REAL, origin VARCHAR, root_id INTEGER, machine VARCHAR, worker VARCHAR, actor VARCHAR, 
	CONSTRAINT ck_job_state CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled'))
);
INSERT INTO "job" VALUES(1,'index','{"path":"/lib/a"}','/lib/a','waiting',0,0,3,1.79544056759618639949e+09,NULL,NULL,NULL,1.79544056759618639949e+09,NULL,NULL,1,'attic','attic','Ada');
INSERT INTO "job" VALUES(2,'restore','{"path":"/lib/a.jpg"}','/lib/a.jpg','waiting',10,0,3,1.79544817414551973345e+09,NULL,'{"code":"disk_full","params":{}}',NULL,1.79544817414551973345e+09,NULL,'watch',NULL,NULL,NULL,NULL);
CREATE TABLE machine (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	queues VARCHAR NOT NULL, 
	missing VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	started_at REAL NOT NULL, 
	seen_at REAL NOT NULL, 
	CONSTRAINT uq_machine_name UNIQUE (name)
);
INSERT INTO "machine" VALUES(1,'attic','["gpu"]','[1]','1.0',1000.0,1060.0);
CREATE TABLE merged (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	person_id INTEGER NOT NULL, 
	absorbed_id INTEGER NOT NULL, 
	CONSTRAINT fk_merged_person_id_person FOREIGN KEY(person_id) REFERENCES person (id) ON DELETE CASCADE
);
INSERT INTO "merged" VALUES(1,2,3);
CREATE TABLE meta (
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('index_epoch','7dd52a6b8e3c511d2b323dc9f648d2bc');
CREATE TABLE person (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR, 
	hidden BOOLEAN NOT NULL, 
	ignored BOOLEAN NOT NULL, 
	birth_date VARCHAR, 
	cover_face_id INTEGER, 
	created_by VARCHAR NOT NULL, 
	CONSTRAINT ck_person_created_by CHECK (created_by IN ('machine', 'user'))
);
INSERT INTO "person" VALUES(1,NULL,0,0,NULL,NULL,'machine');
INSERT INTO "person" VALUES(2,'Ada',0,0,'1950-01-02',NULL,'user');
INSERT INTO "person" VALUES(4,'Bob',0,0,NULL,NULL,'user');
CREATE TABLE photo (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	root_id INTEGER, 
	path VARCHAR NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	size BIGINT NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	inode BIGINT NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	captured_at VARCHAR, 
	format VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	reason VARCHAR, 
	attempts INTEGER NOT NULL, 
	indexed_at VARCHAR, 
	detector VARCHAR, perceptual_hash BLOB, file_date VARCHAR, dated VARCHAR, 
	CONSTRAINT ck_photo_state CHECK (state IN ('indexed', 'failed', 'missing', 'restored')), 
	CONSTRAINT fk_photo_root_id_root FOREIGN KEY(root_id) REFERENCES root (id) ON DELETE CASCADE, 
	CONSTRAINT uq_photo_path UNIQUE (path)
);
INSERT INTO "photo" VALUES(1,NULL,'/lib/a','hash-a',0,0,0,1000,100,'1957-07-01T00:00:00','','indexed',NULL,0,'2026-11-23T13:29:27+00:00',NULL,X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F',NULL,'1955/1959');
INSERT INTO "photo" VALUES(2,NULL,'/lib/b','hash-b',0,0,0,1000,100,NULL,'','indexed',NULL,0,'2026-11-23T13:29:27+00:00',NULL,NULL,NULL,NULL);
INSERT INTO "photo" VALUES(3,NULL,'/lib/c','hash-c',0,0,0,1000,100,NULL,'','indexed',NULL,0,'2026-11-23T13:29:27+00:00',NULL,NULL,NULL,NULL);
INSERT INTO "photo" VALUES(4,1,'/lib/d','hash-d',0,0,0,1000,100,'2001-02-03T00:00:00','','indexed',NULL,0,'2026-11-23T13:29:27+00:00',NULL,NULL,'2001-02-03T00:00:00',NULL);
INSERT INTO "photo" VALUES(5,NULL,'/lib/bad','',0,0,0,0,0,NULL,'','failed','{"code":"quarantined","params":{"cause":{"code":"worker_killed","params":{"signal":"SIGSEGV"}},"times":3}}',1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photo" VALUES(6,NULL,'/lib/out','o',0,0,0,0,0,NULL,'','restored',NULL,0,'2026-11-23T13:29:27+00:00',NULL,NULL,NULL,NULL);
CREATE TABLE question (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	face_ids VARCHAR NOT NULL, 
	person_id INTEGER, 
	other_person_id INTEGER, 
	evidence REAL, 
	gain INTEGER NOT NULL, 
	asked_at VARCHAR NOT NULL, 
	put_off_until VARCHAR, claimed_by VARCHAR, claimed_until REAL, 
	CONSTRAINT ck_question_kind CHECK (kind IN ('join', 'merge', 'twins', 'who')), 
	CONSTRAINT uq_question_key UNIQUE ("key")
);
INSERT INTO "question" VALUES(1,'join','join:2:2','[2]',2,NULL,0.5,1,'2026-11-23T15:00:00+00:00',NULL,'Ada',1.0);
INSERT INTO "question" VALUES(2,'who','who:3:','[]',3,NULL,NULL,2,'2026-11-23T15:00:00+00:00','2027-01-01T00:00:00+00:00',NULL,NULL);
CREATE TABLE rejection (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	face_id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	CONSTRAINT fk_rejection_face_id_face FOREIGN KEY(face_id) REFERENCES face (id) ON DELETE CASCADE, 
	CONSTRAINT fk_rejection_person_id_person FOREIGN KEY(person_id) REFERENCES person (id) ON DELETE CASCADE, 
	CONSTRAINT uq_rejection_face_id UNIQUE (face_id, person_id)
);
INSERT INTO "rejection" VALUES(1,4,2);
CREATE TABLE "restoration" (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	face_id INTEGER, 
	photo VARCHAR NOT NULL, 
	input_sha256 VARCHAR NOT NULL, 
	restorer VARCHAR NOT NULL, 
	weights_sha256 VARCHAR NOT NULL, 
	options VARCHAR NOT NULL, 
	seed BIGINT NOT NULL, 
	person_id INTEGER, 
	"references" VARCHAR NOT NULL, 
	similarity_before REAL, 
	similarity_after REAL, 
	verdict VARCHAR NOT NULL, 
	output VARCHAR, 
	output_sha256 VARCHAR, 
	state VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	decided VARCHAR, 
	bbox VARCHAR, 
	origin VARCHAR, 
	seconds REAL, 
	changed_mean REAL, 
	changed_share REAL, 
	CONSTRAINT fk_restoration_face_id_face FOREIGN KEY(face_id) REFERENCES face (id) ON DELETE SET NULL, 
	CONSTRAINT fk_restoration_person_id_person FOREIGN KEY(person_id) REFERENCES person (id) ON DELETE SET NULL, 
	CONSTRAINT ck_restoration_decided CHECK (decided IN ('accepted', 'rejected')), 
	CONSTRAINT ck_restoration_state CHECK (state IN ('done', 'refused', 'undone', 'proposed', 'rejected', 'unseen'))
);
INSERT INTO "restoration" VALUES(1,1,'/lib/a.jpg','in','r','w','{"strength":1.0}',42,2,'[{"face_id":4,"photo":"/lib/c","score":0.5,"reasons":[{"code":"legacy","params":{"text":"sharp"}}]}]',NULL,NULL,'pass','/lib/out','o','done','2026-11-23T13:29:27+00:00',1,'accepted',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "restoration" VALUES(8,1,'/lib/a.jpg','in','r2','','{}',1,NULL,'[{"face_id": 4, "photo": "/lib/c", "score": 0.5, "reasons": [{"code": "quality", "params": {"quality": 0.83}}, {"code": "years_apart", "params": {"years": 3.0}}]}]',NULL,NULL,'',NULL,NULL,'proposed','2026-11-23T15:36:14+00:00',2,NULL,'[1,2,3,4]','watch',NULL,NULL,NULL);
CREATE TABLE root (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	path VARCHAR NOT NULL, 
	added_at VARCHAR NOT NULL, 
	device BIGINT, 
	online BOOLEAN NOT NULL, 
	last_scan_at VARCHAR, rules VARCHAR, 
	CONSTRAINT uq_root_path UNIQUE (path)
);
INSERT INTO "root" VALUES(1,'/lib','2026-11-23T13:29:27+00:00',1,1,NULL,'{"mode":"propose","min_similarity":0.4}');
CREATE TABLE vector_change (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	embedder VARCHAR NOT NULL, 
	face_id INTEGER NOT NULL, 
	CONSTRAINT uq_vector_change_embedder UNIQUE (embedder, face_id)
);
INSERT INTO "vector_change" VALUES(1,'test-8',1);
INSERT INTO "vector_change" VALUES(2,'test-8',2);
INSERT INTO "vector_change" VALUES(3,'test-8',3);
INSERT INTO "vector_change" VALUES(4,'test-8',4);
CREATE INDEX ix_job_state_priority ON job (state, priority, id);
CREATE UNIQUE INDEX uq_job_waiting ON job (kind, dedupe) WHERE state = 'waiting' AND dedupe IS NOT NULL;
CREATE INDEX ix_vector_change_embedder_seq ON vector_change (embedder, seq);
CREATE INDEX ix_cluster_person_id ON cluster (person_id);
CREATE INDEX ix_different_person_b ON different (person_b);
CREATE INDEX ix_merged_person_id ON merged (person_id);
CREATE INDEX ix_photo_content_hash ON photo (content_hash);
CREATE INDEX ix_photo_root_id ON photo (root_id);
CREATE INDEX ix_face_cluster_id ON face (cluster_id);
CREATE INDEX ix_face_person_id ON face (person_id);
CREATE INDEX ix_embedding_face_id ON embedding (face_id);
CREATE INDEX ix_rejection_person_id ON rejection (person_id);
CREATE TRIGGER embedding_insert AFTER INSERT ON embedding BEGIN
          DELETE FROM vector_change WHERE embedder = new.embedder AND face_id = new.face_id;
          INSERT INTO vector_change (embedder, face_id) VALUES (new.embedder, new.face_id);
        END;
CREATE TRIGGER embedding_update AFTER UPDATE ON embedding BEGIN
          DELETE FROM vector_change WHERE embedder = new.embedder AND face_id = new.face_id;
          INSERT INTO vector_change (embedder, face_id) VALUES (new.embedder, new.face_id);
        END;
CREATE TRIGGER embedding_delete AFTER DELETE ON embedding BEGIN
          DELETE FROM vector_change WHERE embedder = old.embedder AND face_id = old.face_id;
          INSERT INTO vector_change (embedder, face_id) VALUES (old.embedder, old.face_id);
        END;
CREATE INDEX ix_face_shown ON face (person_id, photo_id) WHERE state IN ('ok', 'doubtful');
CREATE INDEX ix_face_best ON face (person_id, quality, det_score) WHERE state IN ('ok', 'doubtful');
CREATE INDEX ix_face_ignored ON face (id) WHERE state = 'ignored';
CREATE INDEX ix_photo_rare ON photo (state, root_id) WHERE state != 'indexed';
CREATE INDEX ix_face_photo_id_state ON face (photo_id, state);
CREATE INDEX ix_restoration_person_id ON restoration (person_id);
CREATE INDEX ix_restoration_input_sha256 ON restoration (input_sha256);
CREATE INDEX ix_restoration_output_sha256 ON restoration (output_sha256);
CREATE INDEX ix_restoration_photo ON restoration (photo);
CREATE INDEX ix_restoration_face_id ON restoration (face_id);
CREATE INDEX ix_restoration_output ON restoration (output);
CREATE INDEX ix_cleanup_item_job_id ON cleanup_item (job_id);
CREATE INDEX ix_cleanup_item_run_id_fed ON cleanup_item (run_id, fed);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('root',1);
INSERT INTO "sqlite_sequence" VALUES('photo',6);
INSERT INTO "sqlite_sequence" VALUES('face',5);
INSERT INTO "sqlite_sequence" VALUES('vector_change',4);
INSERT INTO "sqlite_sequence" VALUES('person',4);
INSERT INTO "sqlite_sequence" VALUES('cluster',1);
INSERT INTO "sqlite_sequence" VALUES('decision',12);
INSERT INTO "sqlite_sequence" VALUES('rejection',1);
INSERT INTO "sqlite_sequence" VALUES('different',2);
INSERT INTO "sqlite_sequence" VALUES('merged',1);
INSERT INTO "sqlite_sequence" VALUES('job',2);
INSERT INTO "sqlite_sequence" VALUES('question',2);
INSERT INTO "sqlite_sequence" VALUES('restoration',8);
INSERT INTO "sqlite_sequence" VALUES('cleanup_run',1);
INSERT INTO "sqlite_sequence" VALUES('cleanup_item',2);
INSERT INTO "sqlite_sequence" VALUES('machine',1);
INSERT INTO "sqlite_sequence" VALUES('app_user',1);
COMMIT;
