"""A Django project for tests: what it is asked for by name, with arguments as JSON on standard input, it answers as JSON."""
import json
import os
import sys
from datetime import datetime, timedelta, timezone
from urllib.parse import urlparse

import django
from django.conf import settings

url = urlparse(os.environ["SITE_DATABASE"])
if url.scheme == "sqlite":
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.path}
else:
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path[1:],
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "HOST": url.hostname,
        "PORT": str(url.port),
    }
settings.configure(
    SECRET_KEY=os.environ["SITE_SECRET_KEY"],
    DATABASES={"default": database},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.sites",
        "django.contrib.messages",
        "rest_framework",
        "rest_framework.authtoken",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
    ],
    SITE_ID=1,
    USE_TZ=True,
    TIME_ZONE="UTC",
    ACCOUNT_UNIQUE_EMAIL=False,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    PASSWORD_HASHERS=[
        "django.contrib.auth.hashers." + name
        for name in [
            "PBKDF2PasswordHasher",
            "PBKDF2SHA1PasswordHasher",
            "Argon2PasswordHasher",
            "BCryptSHA256PasswordHasher",
            "BCryptPasswordHasher",
            "MD5PasswordHasher",
            "SHA1PasswordHasher",
            "UnsaltedSHA1PasswordHasher",
            "UnsaltedMD5PasswordHasher",
            "CryptPasswordHasher",
        ]
    ],
    AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"],
)
django.setup()

from allauth.account.forms import default_token_generator as allauth_tokens
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import authenticate, hashers
from django.contrib.auth.models import Group, User
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection, transaction
from rest_framework.authtoken.models import Token

# As allauth 65 and django-otp 1.5 have them; what is installed here is older, or is not.
MFA_TABLES = """
CREATE TABLE mfa_authenticator (
  id {serial}, user_id integer NOT NULL REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
  type varchar(20) NOT NULL, data {json} NOT NULL, created_at {time} NOT NULL, last_used_at {time});
CREATE TABLE otp_totp_totpdevice (
  id {serial}, user_id integer NOT NULL REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
  name varchar(64) NOT NULL, confirmed bool NOT NULL, key varchar(80) NOT NULL, step smallint NOT NULL,
  t0 bigint NOT NULL, digits smallint NOT NULL, tolerance smallint NOT NULL, drift smallint NOT NULL, last_t bigint NOT NULL);
"""


def cheap(kind, password):
    """By the hasher itself, at the least cost that it takes."""
    if kind == "argon2":
        hasher = hashers.Argon2PasswordHasher()
        hasher.time_cost, hasher.memory_cost, hasher.parallelism = 1, 64, 1
        return hasher.encode(password, "somesaltsomesalt")
    if kind in ("bcrypt", "bcrypt_sha256"):
        hasher = hashers.get_hasher(kind)
        hasher.rounds = 4
        return hasher.encode(password, hasher.salt())
    if kind.startswith("pbkdf2"):
        return hashers.get_hasher(kind).encode(password, "somesalt", 1000)
    if kind == "unusable":
        return hashers.make_password(None)
    hasher = hashers.get_hasher(kind)
    return hasher.encode(password, hasher.salt())


def migrate(_):
    call_command("migrate", verbosity=0)
    kinds = (
        {"serial": "integer PRIMARY KEY AUTOINCREMENT", "json": "text", "time": "datetime"}
        if connection.vendor == "sqlite"
        else {"serial": "serial PRIMARY KEY", "json": "jsonb", "time": "timestamptz"}
    )
    with connection.cursor() as cursor:
        for statement in MFA_TABLES.format(**kinds).split(";"):
            if statement.strip():
                cursor.execute(statement)


def populate(asked):
    """`count` users, whose hashes take turns among `hashes`, each with a key and a verified address."""
    made = asked["hashes"]
    first, count = asked.get("first", 1), asked["count"]
    joined = datetime(2020, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)
    users, tokens, addresses = [], [], []
    for number in range(first, first + count):
        users.append(
            User(
                id=number,
                username=f"user{number}",
                email=f"user{number}@shop.test",
                first_name="Ann",
                last_name=f"of {number}",
                password=made[number % len(made)],
                is_active=number % 97 != 0,
                is_staff=number % 50 == 0,
                is_superuser=number % 500 == 0,
                date_joined=joined + timedelta(minutes=number),
                last_login=joined + timedelta(days=number % 300, microseconds=4242) if number % 3 else None,
            )
        )
        tokens.append(Token(key=f"{number:040x}", user_id=number))
        addresses.append(EmailAddress(user_id=number, email=f"user{number}@shop.test", verified=True, primary=True))
    with transaction.atomic():
        User.objects.bulk_create(users, 500)
        Token.objects.bulk_create(tokens, 500)
        EmailAddress.objects.bulk_create(addresses, 500)
        groups = [Group.objects.get_or_create(name=name)[0] for name in ("editors", "Course buyers")]
        through = User.groups.through
        through.objects.bulk_create(
            [
                through(user_id=number, group_id=groups[number % 2].id)
                for number in range(first, first + count)
                if number % 4 == 0
            ],
            500,
        )
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT setval('auth_user_id_seq', (SELECT max(id) FROM auth_user))")


def hashes(asked):
    return [cheap(kind, asked["password"]) for kind in asked["kinds"]]


def run(asked):
    """Any change, as Python: `User`, `Token` and the others are at hand. What it calls `answer` is answered."""
    names = dict(globals())
    with transaction.atomic():
        exec(asked["code"], names)
    return names.get("answer")


def session(asked):
    """A browser that is signed in."""
    user = User.objects.get(pk=asked["id"])
    store = SessionStore()
    store["_auth_user_id"] = str(user.pk)
    store["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    store["_auth_user_hash"] = user.get_session_auth_hash()
    store["basket"] = ["x" * 2000]
    store.create()
    return store.session_key


def links(asked):
    user = User.objects.get(pk=asked["id"])
    addresses = EmailAddress.objects.filter(user=user, verified=False)
    return {
        "django": default_token_generator.make_token(user),
        "allauth": allauth_tokens.make_token(user),
        "confirm": [EmailConfirmationHMAC(address).key for address in addresses],
    }


def sign_in(asked):
    """Who gets in with these."""
    return [
        getattr(authenticate(None, username=name, password=password), "pk", None) for name, password in asked["with"]
    ]


def dump(_):
    """All that an import reads and an export writes."""
    with connection.cursor() as cursor:
        answer = {}
        for table, columns in {
            "auth_user": "id, username, password, email, first_name, last_name, is_active, is_staff, is_superuser",
            "account_emailaddress": 'user_id, email, verified, "primary"',
            "authtoken_token": "key, user_id",
            "auth_user_groups": "user_id, group_id",
            "auth_group": "id, name",
            "django_session": "session_key",
            "socialaccount_socialaccount": "user_id, provider, uid",
            "mfa_authenticator": "user_id, type",
        }.items():
            cursor.execute(f"SELECT {columns} FROM {table} ORDER BY {columns}")
            answer[table] = [list(row) for row in cursor.fetchall()]
        return answer


asked = json.load(sys.stdin)
print(json.dumps([globals()[name](argument) for name, argument in asked], default=str))
