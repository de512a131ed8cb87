/** Hashes that Django wrote, by its version, and the password that each is of. */
export const written = [
  {
    django: '3.2.25',
    algorithm: 'pbkdf2_sha256',
    password: 'correct horse 9!',
    hash: 'pbkdf2_sha256$260000$UXZQ217cqjZeVaPr0OBffZ$oi7geW6QSjFG5OETneSwE2l0UYtdP2Dbue4+ukV4wHk=',
  },
  {
    django: '3.2.25',
    algorithm: 'pbkdf2_sha256',
    password: 'pässwörd ✓',
    hash: 'pbkdf2_sha256$260000$a7TzWsA3AtQ2HjeuFCbWID$TYoxbTio1aTTP8GVehz81q7Wkl+67o9+iNADNqL0o6w=',
  },
  {
    django: '3.2.25',
    algorithm: 'pbkdf2_sha256',
    password: '',
    hash: 'pbkdf2_sha256$260000$OpXpm3Or1vaDUfOgCslndq$IiYMCHcpW+2b20aAxB3dszTLsf+nzqh6cOGQ39yIgOI=',
  },
  {
    django: '3.2.25',
    algorithm: 'pbkdf2_sha1',
    password: 'correct horse 9!',
    hash: 'pbkdf2_sha1$260000$sjNWwSeFPFgp4MRUR1GwDh$0wTGqq06a3CSKBYRtST3W8sV6as=',
  },
  {
    django: '3.2.25',
    algorithm: 'pbkdf2_sha1',
    password: 'pässwörd ✓',
    hash: 'pbkdf2_sha1$260000$8uoJHemlCWAzv2Xtbcj5vE$J9trH1gSIjZJjY5KH8cmI2UemK0=',
  },
  {
    django: '3.2.25',
    algorithm: 'pbkdf2_sha1',
    password: '',
    hash: 'pbkdf2_sha1$260000$EXOUv2860IHUym1wF6QX1b$h6rDZ4yKXO6J3zvPig7Ek+jriFA=',
  },
  {
    django: '3.2.25',
    algorithm: 'argon2',
    password: 'correct horse 9!',
    hash: 'argon2$argon2id$v=19$m=102400,t=2,p=8$Y25kODJwQzVEWGVZZmJCelRZa2V5QQ$B+xW41zflb0GSXfCOoa/DQ',
  },
  {
    django: '5.2.18',
    algorithm: 'argon2',
    password: 'pässwörd ✓',
    hash: 'argon2$argon2id$v=19$m=102400,t=2,p=8$ZGZtT252N1FVekdmclZadm40ZnNyVg$DCX9k8AHpt6OfFpAVL0GsQ',
  },
  {
    django: '4.2.28',
    algorithm: 'argon2',
    password: '',
    hash: 'argon2$argon2id$v=19$m=102400,t=2,p=8$cE9ZOGNsVlozV0k4WGNrTTNiVkZHQQ$uYAw9E+tPcYvwaSscGp70A',
  },
  {
    django: '4.2.28',
    algorithm: 'scrypt',
    password: 'correct horse 9!',
    hash: 'scrypt$16384$I1oIOgHxXStZVKa70tH3Is$8$1$F58HxqMsiKZcd2y4md1gkED2J52zfdZcLap4s2vHzO9ZhZA15w828MP5GGF/gKSjH9Mz9tiny8wxbApVZcULNA==',
  },
  {
    django: '4.2.28',
    algorithm: 'scrypt',
    password: 'pässwörd ✓',
    hash: 'scrypt$16384$OGlfsMWbhCqydmrai8KQlj$8$1$PCvAKrNsN4x4Z/l9RVYvNtHum1JNINjdBCn5hPXwUDJPAks9VPFzch+fpcT2mN9rAXQ5WR4WBMK6RoBE0AkMDA==',
  },
  {
    django: '5.2.18',
    algorithm: 'scrypt',
    password: '',
    hash: 'scrypt$16384$tdcd9Xi7jX8gajXiafCqGu$8$5$QZz5TQ7dHJFtmMJdZkE5sCiNrGbdXz3GjaW7iSXYhzdsBqciaaugOK0vqtAqrZXsBhsrvvvFoT0QaZEmRNqDsg==',
  },
  {
    django: '5.2.18',
    algorithm: 'pbkdf2_sha256',
    password: 'correct horse 9!',
    hash: 'pbkdf2_sha256$1000000$47M2NE2HtjpowjNdOgHts2$2v846iXgsSnmX7n+YnT1UUgpGIZsicO8FRDQ7/Cy3V0=',
  },
  {
    django: '3.2.25',
    algorithm: 'bcrypt_sha256',
    password: 'correct horse 9!',
    hash: 'bcrypt_sha256$$2b$12$O/fel6diSgnnkPHbqbPmJ.r79ZEcH/iWTqo.T2N6AKoDk9jB2imgi',
  },
  {
    django: '3.2.25',
    algorithm: 'bcrypt_sha256',
    password: 'pässwörd ✓',
    hash: 'bcrypt_sha256$$2b$12$ZGLxVYtQkKP/pinwnnVmt.dFcqg1jKQSBhMJdo3g69ofZPPOfntEm',
  },
  {
    django: '3.2.25',
    algorithm: 'bcrypt_sha256',
    password: '',
    hash: 'bcrypt_sha256$$2b$12$p08rPVyFU/1.P9gS8xjfue8rro4NMOI6zijhFUKBWxwm3uFUnpcpm',
  },
  {
    django: '3.2.25',
    algorithm: 'bcrypt',
    password: 'correct horse 9!',
    hash: 'bcrypt$$2b$12$3JcWV8w1L/KaqaX5QI3.6euZkTCTJLd5gT22um.OGX7Iv5zrnrZmq',
  },
  {
    django: '3.2.25',
    algorithm: 'bcrypt',
    password: 'pässwörd ✓',
    hash: 'bcrypt$$2b$12$XI/nz5RyfMHmHqDLqIY/cO7OSfRyhKLcliiI4.H98OIQPR9iy9SGW',
  },
  {
    django: '3.2.25',
    algorithm: 'bcrypt',
    password: '',
    hash: 'bcrypt$$2b$12$h6CpirTxGaT1uz8iN4cToeJ5ou0faU7w41UuVgZuAvP4Ybw1jSXzu',
  },
  {
    django: '5.2.18',
    algorithm: 'bcrypt_sha256',
    password: 'correct horse 9!',
    hash: 'bcrypt_sha256$$2b$12$Sv8jV2nbUEleT0omDzX4AezjlO6Ps/Y7MGyrznJu5m4.fXiePP.A.',
  },
  {
    django: '5.2.18',
    algorithm: 'bcrypt_sha256',
    password: 'pässwörd ✓',
    hash: 'bcrypt_sha256$$2b$12$db.7/8ojf9DM2nzwmucdJuuRjr4gp/gye5laIBxXtzQfjryLWTWhS',
  },
  {
    django: '5.2.18',
    algorithm: 'bcrypt_sha256',
    password: '',
    hash: 'bcrypt_sha256$$2b$12$g5D//T4LfuxK0sSAj1co8.U3AnQJ2sc3RKVP8X7KB/8MH3fLc496S',
  },
  {
    django: '5.2.18',
    algorithm: 'bcrypt',
    password: 'correct horse 9!',
    hash: 'bcrypt$$2b$12$LEDA8GgXL0BnaNxpGDgMueCLy4enY8gPM0VD.WN3IZy2mXs/TlhDm',
  },
  {
    django: '5.2.18',
    algorithm: 'bcrypt',
    password: 'pässwörd ✓',
    hash: 'bcrypt$$2b$12$P97lH1r69/D1FmAOSdwDQOIu2eIQPowBHgrTTewoRyC8rofWF3XrG',
  },
  {
    django: '5.2.18',
    algorithm: 'bcrypt',
    password: '',
    hash: 'bcrypt$$2b$12$7cdQkllPPRALhjbWHDw22eP3JBnFVp/y6E.9mNf1qXLLk7SkAVSRq',
  },
] as const;

/** Of a hundred letters, of which plain bcrypt looks at 72 bytes. */
export const longBcrypt = {
  password: 'x'.repeat(100),
  hash: 'bcrypt$$2b$12$9fYs.g29EMhIgCnudVtgfOnLmbEmrnb.z81pv3g5xEKphGsB7PNbO',
} as const;

/** What Django read only where `PASSWORD_HASHERS` named it. */
export const old = [
  {
    algorithm: 'md5',
    password: 'correct horse 9!',
    hash: 'md5$VIsppx41KxIwJrIzuF6Hnb$2c487b58b13ace55492a64147d9b3afe',
  },
  {
    algorithm: 'md5',
    password: 'pässwörd ✓',
    hash: 'md5$hnkjtTizmm2L6wusvRHRMt$f471b2fe6297f8322c796d40d5e9337a',
  },
  {
    algorithm: 'md5',
    password: '',
    hash: 'md5$5BNCOoND547bvxfkNchbC9$cef4839cf1193ba3bae2659768703f15',
  },
  {
    algorithm: 'sha1',
    password: 'correct horse 9!',
    hash: 'sha1$DFWkF30u9rQ5KYAOSwp91v$09439cefec78a4d9063dc35418482eeb36f16fff',
  },
  {
    algorithm: 'sha1',
    password: 'pässwörd ✓',
    hash: 'sha1$a8naxLp4DJ9OadnusDnLOT$a0ada0390867bea87d8d069e2da74c31cd93214b',
  },
  {
    algorithm: 'sha1',
    password: '',
    hash: 'sha1$VIO93VC9WzPACtd1r2mNuW$a85adc430841ffee863dfcc43085fd6f6a431539',
  },
  {
    algorithm: 'unsalted_sha1',
    password: 'correct horse 9!',
    hash: 'sha1$$c84e0c33b3c4074d2a90ebcf883e30d490b720ae',
  },
  {
    algorithm: 'unsalted_sha1',
    password: 'pässwörd ✓',
    hash: 'sha1$$38e7e7c8785abdabd0bbb800be9e2a2bc353b769',
  },
  {
    algorithm: 'unsalted_sha1',
    password: '',
    hash: 'sha1$$da39a3ee5e6b4b0d3255bfef95601890afd80709',
  },
  {
    algorithm: 'unsalted_md5',
    password: 'correct horse 9!',
    hash: '030ea2dc1c1847a2152c3330bc467b79',
  },
  {
    algorithm: 'unsalted_md5',
    password: 'pässwörd ✓',
    hash: '424f0acb4def3f5d2db59084752ce66d',
  },
  {
    algorithm: 'unsalted_md5',
    password: '',
    hash: 'd41d8cd98f00b204e9800998ecf8427e',
  },
] as const;

/** Such as Django may keep and this server does not read: nothing matches them. */
export const unread = [
  ...old.filter(({ password }) => password === 'correct horse 9!').map(({ algorithm, hash }) => ({ algorithm, hash })),
  { algorithm: 'crypt', hash: 'crypt$$ab1FGTMQH0Fss' },
  { algorithm: 'unusable', hash: '!m2dQOajSIXY1lx8RFSv4cZxoYabA4v0MVIJ9dxT9' },
] as const;
