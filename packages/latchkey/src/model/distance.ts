/** The mean radius of the Earth (IUGG). */
const EARTH_KM = 6371;

/** Kilometres between two places in degrees, along the surface of a sphere (the haversine formula; within 0.6 % of the Earth's). */
export function distanceKm(
  fromLatitude: number,
  fromLongitude: number,
  toLatitude: number,
  toLongitude: number,
): number {
  const [from, to] = [radians(fromLatitude), radians(toLatitude)];
  const north = Math.sin((to - from) / 2);
  const east = Math.sin(radians(toLongitude - fromLongitude) / 2);
  const half = north * north + Math.cos(from) * Math.cos(to) * east * east;
  return 2 * EARTH_KM * Math.asin(Math.sqrt(Math.min(1, half)));
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
