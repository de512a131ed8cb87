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
] as const;

/** Such as Django may keep and this server does not read: nothing matches them. */
export const unread = [
  { algorithm: 'bcrypt_sha256', hash: 'bcrypt_sha256$$2b$12$O/fel6diSgnnkPHbqbPmJ.r79ZEcH/iWTqo.T2N6AKoDk9jB2imgi' },
  { algorithm: 'bcrypt', hash: 'bcrypt$$2b$12$3JcWV8w1L/KaqaX5QI3.6euZkTCTJLd5gT22um.OGX7Iv5zrnrZmq' },
  { algorithm: 'md5', hash: 'md5$VIsppx41KxIwJrIzuF6Hnb$2c487b58b13ace55492a64147d9b3afe' },
  { algorithm: 'sha1', hash: 'sha1$DFWkF30u9rQ5KYAOSwp91v$09439cefec78a4d9063dc35418482eeb36f16fff' },
  { algorithm: 'unsalted_sha1', hash: 'sha1$$c84e0c33b3c4074d2a90ebcf883e30d490b720ae' },
  { algorithm: 'unsalted_md5', hash: '030ea2dc1c1847a2152c3330bc467b79' },
  { algorithm: 'unusable', hash: '!m2dQOajSIXY1lx8RFSv4cZxoYabA4v0MVIJ9dxT9' },
] as const;
