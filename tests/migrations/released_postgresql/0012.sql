SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.note_vector_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE changed embedding;
BEGIN
  IF TG_OP = 'DELETE' THEN changed := OLD; ELSE changed := NEW; END IF;
  INSERT INTO vector_change (embedder, face_id) VALUES (changed.embedder, changed.face_id)
    ON CONFLICT (embedder, face_id) DO UPDATE SET seq = excluded.seq;
  RETURN NULL;
END $$;
CREATE FUNCTION public.tell_of_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM pg_notify('iconface_changes', '');
  RETURN NULL;
END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.app_user (
    id bigint NOT NULL,
    name character varying NOT NULL COLLATE pg_catalog."C",
    role character varying NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT ck_app_user_role CHECK (((role)::text = ANY ((ARRAY['viewer'::character varying, 'reviewer'::character varying, 'admin'::character varying])::text[])))
);
CREATE SEQUENCE public.app_user_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.app_user_id_seq OWNED BY public.app_user.id;
CREATE TABLE public.cleanup_item (
    id bigint NOT NULL,
    run_id bigint NOT NULL,
    photo_id bigint,
    face_ids character varying NOT NULL COLLATE pg_catalog."C",
    fed boolean NOT NULL,
    job_id bigint
);
CREATE SEQUENCE public.cleanup_item_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.cleanup_item_id_seq OWNED BY public.cleanup_item.id;
CREATE TABLE public.cleanup_run (
    id bigint NOT NULL,
    started_at character varying NOT NULL COLLATE pg_catalog."C",
    photos integer NOT NULL,
    faces integer NOT NULL,
    hours character varying COLLATE pg_catalog."C",
    idle boolean NOT NULL,
    options character varying NOT NULL COLLATE pg_catalog."C",
    estimated_hours double precision,
    estimated_bytes bigint
);
CREATE SEQUENCE public.cleanup_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.cleanup_run_id_seq OWNED BY public.cleanup_run.id;
CREATE TABLE public.cluster (
    id bigint NOT NULL,
    person_id bigint
);
CREATE SEQUENCE public.cluster_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.cluster_id_seq OWNED BY public.cluster.id;
CREATE TABLE public.decision (
    id bigint NOT NULL,
    at character varying NOT NULL COLLATE pg_catalog."C",
    kind character varying NOT NULL COLLATE pg_catalog."C",
    summary character varying NOT NULL COLLATE pg_catalog."C",
    changes character varying NOT NULL COLLATE pg_catalog."C",
    undoable boolean NOT NULL,
    undoes bigint,
    undone_by bigint,
    actor character varying COLLATE pg_catalog."C"
);
CREATE SEQUENCE public.decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.decision_id_seq OWNED BY public.decision.id;
CREATE TABLE public.different (
    id bigint NOT NULL,
    person_a bigint NOT NULL,
    person_b bigint NOT NULL,
    CONSTRAINT ck_different_ordered CHECK ((person_a < person_b))
);
CREATE SEQUENCE public.different_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.different_id_seq OWNED BY public.different.id;
CREATE TABLE public.embedding (
    id bigint NOT NULL,
    embedder character varying NOT NULL COLLATE pg_catalog."C",
    face_id bigint NOT NULL,
    vector bytea NOT NULL,
    norm double precision NOT NULL
);
CREATE SEQUENCE public.embedding_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.embedding_id_seq OWNED BY public.embedding.id;
CREATE TABLE public.face (
    id bigint NOT NULL,
    photo_id bigint NOT NULL,
    x1 double precision NOT NULL,
    y1 double precision NOT NULL,
    x2 double precision NOT NULL,
    y2 double precision NOT NULL,
    landmarks bytea,
    det_score double precision NOT NULL,
    quality double precision,
    degradation character varying COLLATE pg_catalog."C",
    source character varying NOT NULL COLLATE pg_catalog."C",
    cluster_id bigint,
    person_id bigint,
    confirmed boolean NOT NULL,
    state character varying NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT ck_face_source CHECK (((source)::text = ANY ((ARRAY['detected'::character varying, 'manual'::character varying])::text[]))),
    CONSTRAINT ck_face_state CHECK (((state)::text = ANY ((ARRAY['ok'::character varying, 'doubtful'::character varying, 'ignored'::character varying, 'forgotten'::character varying])::text[])))
);
CREATE SEQUENCE public.face_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.face_id_seq OWNED BY public.face.id;
CREATE TABLE public.job (
    id bigint NOT NULL,
    kind character varying NOT NULL COLLATE pg_catalog."C",
    payload character varying NOT NULL COLLATE pg_catalog."C",
    dedupe character varying COLLATE pg_catalog."C",
    state character varying NOT NULL COLLATE pg_catalog."C",
    priority integer NOT NULL,
    attempts integer NOT NULL,
    max_attempts integer NOT NULL,
    run_after double precision NOT NULL,
    lease_until double precision,
    error character varying COLLATE pg_catalog."C",
    progress character varying COLLATE pg_catalog."C",
    created_at double precision NOT NULL,
    finished_at double precision,
    origin character varying COLLATE pg_catalog."C",
    root_id bigint,
    machine character varying COLLATE pg_catalog."C",
    worker character varying COLLATE pg_catalog."C",
    actor character varying COLLATE pg_catalog."C",
    CONSTRAINT ck_job_state CHECK (((state)::text = ANY ((ARRAY['waiting'::character varying, 'running'::character varying, 'done'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[])))
);
CREATE SEQUENCE public.job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.job_id_seq OWNED BY public.job.id;
CREATE TABLE public.machine (
    id bigint NOT NULL,
    name character varying NOT NULL COLLATE pg_catalog."C",
    queues character varying NOT NULL COLLATE pg_catalog."C",
    missing character varying NOT NULL COLLATE pg_catalog."C",
    version character varying NOT NULL COLLATE pg_catalog."C",
    started_at double precision NOT NULL,
    seen_at double precision NOT NULL
);
CREATE SEQUENCE public.machine_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.machine_id_seq OWNED BY public.machine.id;
CREATE TABLE public.merged (
    id bigint NOT NULL,
    person_id bigint NOT NULL,
    absorbed_id bigint NOT NULL
);
CREATE SEQUENCE public.merged_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.merged_id_seq OWNED BY public.merged.id;
CREATE TABLE public.meta (
    key character varying NOT NULL COLLATE pg_catalog."C",
    value character varying NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.person (
    id bigint NOT NULL,
    name character varying COLLATE pg_catalog."C",
    hidden boolean NOT NULL,
    ignored boolean NOT NULL,
    birth_date character varying COLLATE pg_catalog."C",
    cover_face_id bigint,
    created_by character varying NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT ck_person_created_by CHECK (((created_by)::text = ANY ((ARRAY['machine'::character varying, 'user'::character varying])::text[])))
);
CREATE SEQUENCE public.person_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.person_id_seq OWNED BY public.person.id;
CREATE TABLE public.photo (
    id bigint NOT NULL,
    root_id bigint,
    path character varying NOT NULL COLLATE pg_catalog."C",
    content_hash character varying NOT NULL COLLATE pg_catalog."C",
    size bigint NOT NULL,
    mtime_ns bigint NOT NULL,
    inode bigint NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    captured_at character varying COLLATE pg_catalog."C",
    format character varying NOT NULL COLLATE pg_catalog."C",
    state character varying NOT NULL COLLATE pg_catalog."C",
    reason character varying COLLATE pg_catalog."C",
    attempts integer NOT NULL,
    indexed_at character varying COLLATE pg_catalog."C",
    detector character varying COLLATE pg_catalog."C",
    perceptual_hash bytea,
    file_date character varying COLLATE pg_catalog."C",
    dated character varying COLLATE pg_catalog."C",
    CONSTRAINT ck_photo_state CHECK (((state)::text = ANY ((ARRAY['indexed'::character varying, 'failed'::character varying, 'missing'::character varying, 'restored'::character varying])::text[])))
);
CREATE SEQUENCE public.photo_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.photo_id_seq OWNED BY public.photo.id;
CREATE TABLE public.question (
    id bigint NOT NULL,
    kind character varying NOT NULL COLLATE pg_catalog."C",
    key character varying NOT NULL COLLATE pg_catalog."C",
    face_ids character varying NOT NULL COLLATE pg_catalog."C",
    person_id bigint,
    other_person_id bigint,
    evidence double precision,
    gain integer NOT NULL,
    asked_at character varying NOT NULL COLLATE pg_catalog."C",
    put_off_until character varying COLLATE pg_catalog."C",
    claimed_by character varying COLLATE pg_catalog."C",
    claimed_until double precision,
    CONSTRAINT ck_question_kind CHECK (((kind)::text = ANY ((ARRAY['join'::character varying, 'merge'::character varying, 'twins'::character varying, 'who'::character varying])::text[])))
);
CREATE SEQUENCE public.question_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.question_id_seq OWNED BY public.question.id;
CREATE TABLE public.rejection (
    id bigint NOT NULL,
    face_id bigint NOT NULL,
    person_id bigint NOT NULL
);
CREATE SEQUENCE public.rejection_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.rejection_id_seq OWNED BY public.rejection.id;
CREATE TABLE public.restoration (
    id bigint NOT NULL,
    face_id bigint,
    photo character varying NOT NULL COLLATE pg_catalog."C",
    input_sha256 character varying NOT NULL COLLATE pg_catalog."C",
    restorer character varying NOT NULL COLLATE pg_catalog."C",
    weights_sha256 character varying NOT NULL COLLATE pg_catalog."C",
    options character varying NOT NULL COLLATE pg_catalog."C",
    seed bigint NOT NULL,
    person_id bigint,
    "references" character varying NOT NULL COLLATE pg_catalog."C",
    similarity_before double precision,
    similarity_after double precision,
    verdict character varying NOT NULL COLLATE pg_catalog."C",
    output character varying COLLATE pg_catalog."C",
    output_sha256 character varying COLLATE pg_catalog."C",
    state character varying NOT NULL COLLATE pg_catalog."C",
    created_at character varying NOT NULL COLLATE pg_catalog."C",
    version integer DEFAULT 1 NOT NULL,
    decided character varying COLLATE pg_catalog."C",
    bbox character varying COLLATE pg_catalog."C",
    origin character varying COLLATE pg_catalog."C",
    seconds double precision,
    changed_mean double precision,
    changed_share double precision,
    CONSTRAINT ck_restoration_decided CHECK (((decided)::text = ANY ((ARRAY['accepted'::character varying, 'rejected'::character varying])::text[]))),
    CONSTRAINT ck_restoration_state CHECK (((state)::text = ANY ((ARRAY['done'::character varying, 'refused'::character varying, 'undone'::character varying, 'proposed'::character varying, 'rejected'::character varying, 'unseen'::character varying])::text[])))
);
CREATE SEQUENCE public.restoration_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.restoration_id_seq OWNED BY public.restoration.id;
CREATE TABLE public.root (
    id bigint NOT NULL,
    path character varying NOT NULL COLLATE pg_catalog."C",
    added_at character varying NOT NULL COLLATE pg_catalog."C",
    device bigint,
    online boolean NOT NULL,
    last_scan_at character varying COLLATE pg_catalog."C",
    rules character varying COLLATE pg_catalog."C"
);
CREATE SEQUENCE public.root_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.root_id_seq OWNED BY public.root.id;
CREATE TABLE public.vector_change (
    seq bigint NOT NULL,
    embedder character varying NOT NULL COLLATE pg_catalog."C",
    face_id bigint NOT NULL
);
CREATE SEQUENCE public.vector_change_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.vector_change_seq_seq OWNED BY public.vector_change.seq;
ALTER TABLE ONLY public.app_user ALTER COLUMN id SET DEFAULT nextval('public.app_user_id_seq'::regclass);
ALTER TABLE ONLY public.cleanup_item ALTER COLUMN id SET DEFAULT nextval('public.cleanup_item_id_seq'::regclass);
ALTER TABLE ONLY public.cleanup_run ALTER COLUMN id SET DEFAULT nextval('public.cleanup_run_id_seq'::regclass);
ALTER TABLE ONLY public.cluster ALTER COLUMN id SET DEFAULT nextval('public.cluster_id_seq'::regclass);
ALTER TABLE ONLY public.decision ALTER COLUMN id SET DEFAULT nextval('public.decision_id_seq'::regclass);
ALTER TABLE ONLY public.different ALTER COLUMN id SET DEFAULT nextval('public.different_id_seq'::regclass);
ALTER TABLE ONLY public.embedding ALTER COLUMN id SET DEFAULT nextval('public.embedding_id_seq'::regclass);
ALTER TABLE ONLY public.face ALTER COLUMN id SET DEFAULT nextval('public.face_id_seq'::regclass);
ALTER TABLE ONLY public.job ALTER COLUMN id SET DEFAULT nextval('public.job_id_seq'::regclass);
ALTER TABLE ONLY public.machine ALTER COLUMN id SET DEFAULT nextval('public.machine_id_seq'::regclass);
ALTER TABLE ONLY public.merged ALTER COLUMN id SET DEFAULT nextval('public.merged_id_seq'::regclass);
ALTER TABLE ONLY public.person ALTER COLUMN id SET DEFAULT nextval('public.person_id_seq'::regclass);
ALTER TABLE ONLY public.photo ALTER COLUMN id SET DEFAULT nextval('public.photo_id_seq'::regclass);
ALTER TABLE ONLY public.question ALTER COLUMN id SET DEFAULT nextval('public.question_id_seq'::regclass);
ALTER TABLE ONLY public.rejection ALTER COLUMN id SET DEFAULT nextval('public.rejection_id_seq'::regclass);
ALTER TABLE ONLY public.restoration ALTER COLUMN id SET DEFAULT nextval('public.restoration_id_seq'::regclass);
ALTER TABLE ONLY public.root ALTER COLUMN id SET DEFAULT nextval('public.root_id_seq'::regclass);
ALTER TABLE ONLY public.vector_change ALTER COLUMN seq SET DEFAULT nextval('public.vector_change_seq_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0012');
INSERT INTO public.app_user VALUES (1, 'Ada', 'admin');
INSERT INTO public.decision VALUES (1, '2026-11-30T00:43:22+00:00', 'create_person', '{"code":"person_created","params":{"person":{"code":"person","params":{"id":1,"name":"Ada"}}}}', '[["insert","person",1,{"id":1,"name":"Ada","hidden":false,"ignored":false,"birth_date":null,"cover_face_id":null,"created_by":"user"}]]', true, NULL, NULL, NULL);
INSERT INTO public.decision VALUES (2, '2026-11-30T00:43:22+00:00', 'assign', '{"code":"faces_assigned","params":{"faces":{"code":"faces","params":{"count":1,"first":[1]}},"person":{"code":"person","params":{"id":1,"name":"Ada"}},"new":false}}', '[["update","face",1,{"person_id":[null,1],"confirmed":[false,true]}]]', true, NULL, NULL, NULL);
INSERT INTO public.embedding VALUES (1, 'test-8', 1, '\x5e31613622310fb90737ee322bb48334', 2);
INSERT INTO public.face VALUES (1, 1, 0, 0, 10, 10, '\x000000000000803f0000004000004040000080400000a0400000c0400000e0400000004100001041', 0.9, 0.5, NULL, 'detected', NULL, 1, true, 'ok');
INSERT INTO public.meta VALUES ('index_epoch', 'fa6572c0e4df4925bfea2147c6b946bc');
INSERT INTO public.person VALUES (1, 'Ada', false, false, NULL, NULL, 'user');
INSERT INTO public.photo VALUES (1, NULL, '/lib/a', 'hash-a', 0, 0, 0, 1000, 100, NULL, '', 'indexed', NULL, 0, '2026-11-30T00:43:21+00:00', NULL, NULL, NULL, NULL);
INSERT INTO public.vector_change VALUES (1, 'test-8', 1);
SELECT pg_catalog.setval('public.app_user_id_seq', 1, true);
SELECT pg_catalog.setval('public.cleanup_item_id_seq', 1, false);
SELECT pg_catalog.setval('public.cleanup_run_id_seq', 1, false);
SELECT pg_catalog.setval('public.cluster_id_seq', 1, false);
SELECT pg_catalog.setval('public.decision_id_seq', 2, true);
SELECT pg_catalog.setval('public.different_id_seq', 1, false);
SELECT pg_catalog.setval('public.embedding_id_seq', 1, true);
SELECT pg_catalog.setval('public.face_id_seq', 1, true);
SELECT pg_catalog.setval('public.job_id_seq', 1, false);
SELECT pg_catalog.setval('public.machine_id_seq', 1, false);
SELECT pg_catalog.setval('public.merged_id_seq', 1, false);
SELECT pg_catalog.setval('public.person_id_seq', 1, true);
SELECT pg_catalog.setval('public.photo_id_seq', 1, true);
SELECT pg_catalog.setval('public.question_id_seq', 1, false);
SELECT pg_catalog.setval('public.rejection_id_seq', 1, false);
SELECT pg_catalog.setval('public.restoration_id_seq', 1, false);
SELECT pg_catalog.setval('public.root_id_seq', 1, false);
SELECT pg_catalog.setval('public.vector_change_seq_seq', 1, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkey PRIMARY KEY (version_num);
ALTER TABLE ONLY public.app_user
    ADD CONSTRAINT pk_app_user PRIMARY KEY (id);
ALTER TABLE ONLY public.cleanup_item
    ADD CONSTRAINT pk_cleanup_item PRIMARY KEY (id);
ALTER TABLE ONLY public.cleanup_run
    ADD CONSTRAINT pk_cleanup_run PRIMARY KEY (id);
ALTER TABLE ONLY public.cluster
    ADD CONSTRAINT pk_cluster PRIMARY KEY (id);
ALTER TABLE ONLY public.decision
    ADD CONSTRAINT pk_decision PRIMARY KEY (id);
ALTER TABLE ONLY public.different
    ADD CONSTRAINT pk_different PRIMARY KEY (id);
ALTER TABLE ONLY public.embedding
    ADD CONSTRAINT pk_embedding PRIMARY KEY (id);
ALTER TABLE ONLY public.face
    ADD CONSTRAINT pk_face PRIMARY KEY (id);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT pk_job PRIMARY KEY (id);
ALTER TABLE ONLY public.machine
    ADD CONSTRAINT pk_machine PRIMARY KEY (id);
ALTER TABLE ONLY public.merged
    ADD CONSTRAINT pk_merged PRIMARY KEY (id);
ALTER TABLE ONLY public.meta
    ADD CONSTRAINT pk_meta PRIMARY KEY (key);
ALTER TABLE ONLY public.person
    ADD CONSTRAINT pk_person PRIMARY KEY (id);
ALTER TABLE ONLY public.photo
    ADD CONSTRAINT pk_photo PRIMARY KEY (id);
ALTER TABLE ONLY public.question
    ADD CONSTRAINT pk_question PRIMARY KEY (id);
ALTER TABLE ONLY public.rejection
    ADD CONSTRAINT pk_rejection PRIMARY KEY (id);
ALTER TABLE ONLY public.restoration
    ADD CONSTRAINT pk_restoration PRIMARY KEY (id);
ALTER TABLE ONLY public.root
    ADD CONSTRAINT pk_root PRIMARY KEY (id);
ALTER TABLE ONLY public.vector_change
    ADD CONSTRAINT pk_vector_change PRIMARY KEY (seq);
ALTER TABLE ONLY public.app_user
    ADD CONSTRAINT uq_app_user_name UNIQUE (name);
ALTER TABLE ONLY public.cleanup_run
    ADD CONSTRAINT uq_cleanup_run_started_at UNIQUE (started_at);
ALTER TABLE ONLY public.different
    ADD CONSTRAINT uq_different_person_a UNIQUE (person_a, person_b);
ALTER TABLE ONLY public.embedding
    ADD CONSTRAINT uq_embedding_embedder UNIQUE (embedder, face_id);
ALTER TABLE ONLY public.machine
    ADD CONSTRAINT uq_machine_name UNIQUE (name);
ALTER TABLE ONLY public.photo
    ADD CONSTRAINT uq_photo_path UNIQUE (path);
ALTER TABLE ONLY public.question
    ADD CONSTRAINT uq_question_key UNIQUE (key);
ALTER TABLE ONLY public.rejection
    ADD CONSTRAINT uq_rejection_face_id UNIQUE (face_id, person_id);
ALTER TABLE ONLY public.root
    ADD CONSTRAINT uq_root_path UNIQUE (path);
ALTER TABLE ONLY public.vector_change
    ADD CONSTRAINT uq_vector_change_embedder UNIQUE (embedder, face_id);
CREATE INDEX ix_cleanup_item_job_id ON public.cleanup_item USING btree (job_id);
CREATE INDEX ix_cleanup_item_run_id_fed ON public.cleanup_item USING btree (run_id, fed);
CREATE INDEX ix_cluster_person_id ON public.cluster USING btree (person_id);
CREATE INDEX ix_different_person_b ON public.different USING btree (person_b);
CREATE INDEX ix_embedding_face_id ON public.embedding USING btree (face_id);
CREATE INDEX ix_face_best ON public.face USING btree (person_id, quality, det_score) WHERE ((state)::text = ANY ((ARRAY['ok'::character varying, 'doubtful'::character varying])::text[]));
CREATE INDEX ix_face_cluster_id ON public.face USING btree (cluster_id);
CREATE INDEX ix_face_ignored ON public.face USING btree (id) WHERE ((state)::text = 'ignored'::text);
CREATE INDEX ix_face_person_id ON public.face USING btree (person_id);
CREATE INDEX ix_face_photo_id_state ON public.face USING btree (photo_id, state);
CREATE INDEX ix_face_shown ON public.face USING btree (person_id, photo_id) WHERE ((state)::text = ANY ((ARRAY['ok'::character varying, 'doubtful'::character varying])::text[]));
CREATE INDEX ix_job_state_priority ON public.job USING btree (state, priority, id);
CREATE INDEX ix_merged_person_id ON public.merged USING btree (person_id);
CREATE INDEX ix_photo_content_hash ON public.photo USING btree (content_hash);
CREATE INDEX ix_photo_rare ON public.photo USING btree (state, root_id) WHERE ((state)::text <> 'indexed'::text);
CREATE INDEX ix_photo_root_id ON public.photo USING btree (root_id);
CREATE INDEX ix_rejection_person_id ON public.rejection USING btree (person_id);
CREATE INDEX ix_restoration_face_id ON public.restoration USING btree (face_id);
CREATE INDEX ix_restoration_input_sha256 ON public.restoration USING btree (input_sha256);
CREATE INDEX ix_restoration_output ON public.restoration USING btree (output);
CREATE INDEX ix_restoration_output_sha256 ON public.restoration USING btree (output_sha256);
CREATE INDEX ix_restoration_person_id ON public.restoration USING btree (person_id);
CREATE INDEX ix_restoration_photo ON public.restoration USING btree (photo);
CREATE INDEX ix_vector_change_embedder_seq ON public.vector_change USING btree (embedder, seq);
CREATE UNIQUE INDEX uq_job_waiting ON public.job USING btree (kind, dedupe) WHERE (((state)::text = 'waiting'::text) AND (dedupe IS NOT NULL));
CREATE TRIGGER decision_told AFTER INSERT ON public.decision FOR EACH ROW EXECUTE FUNCTION public.tell_of_change();
CREATE TRIGGER embedding_change AFTER INSERT OR DELETE OR UPDATE ON public.embedding FOR EACH ROW EXECUTE FUNCTION public.note_vector_change();
CREATE TRIGGER job_progress_told AFTER UPDATE ON public.job FOR EACH ROW WHEN ((((old.state)::text IS DISTINCT FROM (new.state)::text) OR ((old.progress)::text IS DISTINCT FROM (new.progress)::text))) EXECUTE FUNCTION public.tell_of_change();
CREATE TRIGGER job_told AFTER INSERT OR DELETE ON public.job FOR EACH ROW EXECUTE FUNCTION public.tell_of_change();
ALTER TABLE ONLY public.cleanup_item
    ADD CONSTRAINT fk_cleanup_item_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.cleanup_item
    ADD CONSTRAINT fk_cleanup_item_run_id_cleanup_run FOREIGN KEY (run_id) REFERENCES public.cleanup_run(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.cluster
    ADD CONSTRAINT fk_cluster_person_id_person FOREIGN KEY (person_id) REFERENCES public.person(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.decision
    ADD CONSTRAINT fk_decision_undoes_decision FOREIGN KEY (undoes) REFERENCES public.decision(id);
ALTER TABLE ONLY public.decision
    ADD CONSTRAINT fk_decision_undone_by_decision FOREIGN KEY (undone_by) REFERENCES public.decision(id);
ALTER TABLE ONLY public.different
    ADD CONSTRAINT fk_different_person_a_person FOREIGN KEY (person_a) REFERENCES public.person(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.different
    ADD CONSTRAINT fk_different_person_b_person FOREIGN KEY (person_b) REFERENCES public.person(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.embedding
    ADD CONSTRAINT fk_embedding_face_id_face FOREIGN KEY (face_id) REFERENCES public.face(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.face
    ADD CONSTRAINT fk_face_cluster_id_cluster FOREIGN KEY (cluster_id) REFERENCES public.cluster(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.face
    ADD CONSTRAINT fk_face_person_id_person FOREIGN KEY (person_id) REFERENCES public.person(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.face
    ADD CONSTRAINT fk_face_photo_id_photo FOREIGN KEY (photo_id) REFERENCES public.photo(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.merged
    ADD CONSTRAINT fk_merged_person_id_person FOREIGN KEY (person_id) REFERENCES public.person(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.photo
    ADD CONSTRAINT fk_photo_root_id_root FOREIGN KEY (root_id) REFERENCES public.root(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.rejection
    ADD CONSTRAINT fk_rejection_face_id_face FOREIGN KEY (face_id) REFERENCES public.face(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.rejection
    ADD CONSTRAINT fk_rejection_person_id_person FOREIGN KEY (person_id) REFERENCES public.person(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.restoration
    ADD CONSTRAINT fk_restoration_face_id_face FOREIGN KEY (face_id) REFERENCES public.face(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.restoration
    ADD CONSTRAINT fk_restoration_person_id_person FOREIGN KEY (person_id) REFERENCES public.person(id) ON DELETE SET NULL;
