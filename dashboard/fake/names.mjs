// Names for the simulation: cities as "name,state,country,latitude,longitude,weight".

const LINES = `
New York,NY,us,40.75,-73.99,159
London,,gb,51.54,-0.19,154
Sydney,,au,-33.87,151.21,98
San Francisco,CA,us,37.79,-122.40,90
Los Angeles,CA,us,33.95,-118.25,77
Melbourne,,au,-37.81,144.96,77
Washington,DC,us,38.91,-76.99,77
Toronto,ON,ca,43.65,-79.37,67
Tokyo,,jp,35.67,139.77,63
Fort Myers,FL,us,26.63,-81.83,60
Singapore,,sg,1.30,103.85,60
Brisbane,,au,-27.46,153.02,59
Portland,OR,us,45.55,-122.68,58
Hong Kong,,hk,22.27,114.14,52
Perth,,au,-31.96,115.84,52
Chicago,IL,us,41.92,-87.65,51
Atlanta,GA,us,33.75,-84.31,49
Seattle,WA,us,47.60,-122.33,46
Austin,TX,us,30.29,-97.73,42
Denver,CO,us,39.64,-104.90,42
San Diego,CA,us,32.80,-117.14,42
Houston,TX,us,29.75,-95.35,41
Boston,MA,us,42.36,-71.05,38
Charlotte,NC,us,35.17,-80.79,37
San Jose,CA,us,37.31,-121.93,37
Paris,,fr,48.86,2.34,35
Barcelona,,es,41.40,2.17,33
Philadelphia,PA,us,39.95,-75.16,33
Vancouver,BC,ca,49.29,-123.05,33
Sacramento,CA,us,38.58,-121.49,32
Seoul,,kr,37.56,126.99,32
Dubai,,ae,25.27,55.33,30
Madrid,,es,40.42,-3.71,29
München,,de,48.14,11.58,27
Tel Aviv-Yafo,,il,32.07,34.77,27
Minneapolis,MN,us,44.95,-93.29,26
Phoenix,AZ,us,33.56,-112.06,26
Auckland,,nz,-36.85,174.76,24
Dallas,TX,us,33.00,-96.84,24
Pittsburgh,PA,us,40.44,-79.95,24
Amsterdam,,nl,52.37,4.89,23
Edmonton,AB,ca,53.54,-113.50,22
Las Vegas,NV,us,36.12,-115.15,21
Saint Louis,MO,us,38.61,-90.29,21
Bangalore,,in,12.97,77.56,20
Cincinnati,OH,us,39.18,-84.42,20
Miami,FL,us,25.74,-80.31,20
Raleigh,NC,us,35.77,-78.64,20
Palo Alto,CA,us,37.45,-122.16,19
Dublin,,ie,53.33,-6.25,18
Oakland,CA,us,37.81,-122.29,18
Asheville,NC,us,35.59,-82.56,17
Baltimore,MD,us,39.27,-76.63,17
Edinburgh,,gb,55.95,-3.20,17
Ottawa,ON,ca,45.44,-75.69,16
Hamburg,,de,53.55,10.00,15
Orlando,FL,us,28.52,-81.23,15
Fort Collins,CO,us,40.58,-105.08,14
Manchester,,gb,53.48,-2.25,14
Salt Lake City,UT,us,40.73,-111.86,14
Ann Arbor,MI,us,42.26,-83.72,13
Berlin,,de,52.52,13.38,13
Costa Mesa,CA,us,33.65,-117.92,13
Mililani,HI,us,21.45,-158.02,13
Mountain View,CA,us,37.38,-122.08,13
Pasadena,CA,us,34.16,-118.17,13
Sunnyvale,CA,us,37.40,-122.01,13
Tampa,FL,us,27.97,-82.51,13
Calgary,AB,ca,51.04,-114.06,12
Mississauga,ON,ca,43.70,-79.66,12
Albuquerque,NM,us,35.13,-106.52,11
Boulder,CO,us,39.99,-105.23,11
Canberra,,au,-35.31,149.13,11
Englewood,CO,us,39.58,-104.86,11
Jacksonville,FL,us,30.19,-81.49,11
Mc Lean,VA,us,38.93,-77.18,11
Milwaukee,WI,us,43.02,-88.02,11
Mission Viejo,CA,us,33.61,-117.64,11
Woodbridge,VA,us,38.63,-77.27,11
Cambridge,MA,us,42.38,-71.13,10
Carlsbad,CA,us,33.11,-117.29,10
Copenhagen,,dk,55.68,12.57,10
Fort Lauderdale,FL,us,26.16,-80.12,10
Gold Coast,,au,-28.07,153.44,10
Reno,NV,us,39.38,-119.75,10
Taipei,,tw,25.02,121.45,10
Alpharetta,GA,us,34.12,-84.30,9
Cleveland,OH,us,41.56,-81.48,9
Greensboro,NC,us,36.07,-79.82,9
Honolulu,HI,us,21.30,-157.85,9
Kansas City,MO,us,38.97,-94.57,9
Largo,FL,us,27.90,-82.76,9
Liverpool,,gb,53.42,-2.99,9
San Antonio,TX,us,29.46,-98.67,9
Zürich,,ch,47.38,8.54,9
Akron,OH,us,41.04,-81.52,8
Alexandria,VA,us,38.80,-77.05,8
Bethesda,MD,us,39.00,-77.10,8
Brighton,,gb,50.83,-0.14,8
Brooklyn,NY,us,40.69,-73.97,8
Buffalo,NY,us,42.92,-78.88,8
Clearwater,FL,us,27.90,-82.68,8
Columbus,OH,us,40.10,-83.02,8
Fort Worth,TX,us,32.74,-97.38,8
Irvine,CA,us,33.74,-117.75,8
Pune,,in,18.53,73.84,8
Richmond,VA,us,37.54,-77.44,8
Santa Monica,CA,us,34.01,-118.47,8
Santa Rosa,CA,us,38.46,-122.69,8
Shenzhen,,cn,22.53,114.13,8
Arcadia,CA,us,34.14,-118.02,7
Arlington,VA,us,38.89,-77.10,7
Berkeley,CA,us,37.87,-122.27,7
Birmingham,,gb,52.48,-1.91,7
Chandler,AZ,us,33.25,-111.88,7
Detroit,MI,us,42.37,-83.08,7
Durham,NC,us,35.91,-78.85,7
Kuala Lumpur,,my,3.16,101.71,7
Marina del Rey,CA,us,33.99,-118.45,7
Nashville,TN,us,36.16,-86.79,7
Newport Coast,CA,us,33.59,-117.81,7
Santa Clara,CA,us,37.35,-121.96,7
Sarasota,FL,us,27.34,-82.51,7
Scottsdale,AZ,us,33.68,-111.81,7
St Albans,,gb,51.75,-0.34,7
Winnipeg,MB,ca,49.82,-97.15,7
Boca Raton,FL,us,26.35,-80.11,6
Brussels,,be,50.83,4.33,6
Cairo,,eg,30.06,31.25,6
Cary,NC,us,35.76,-78.78,6
Folsom,CA,us,38.68,-121.16,6
Fountain Valley,CA,us,33.72,-117.94,6
Fremont,CA,us,37.52,-121.93,6
Grapevine,TX,us,32.93,-97.10,6
McKinney,TX,us,33.17,-96.69,6
Narre Warren,,au,-38.03,145.30,6
Ontario,CA,us,34.08,-117.62,6
Silver Spring,MD,us,39.00,-77.04,6
Vienna,,at,48.22,16.37,6
Walnut Creek,CA,us,37.90,-122.05,6
Abingdon,MD,us,39.47,-76.30,5
Abu Dhabi,,ae,24.48,54.37,5
Anaheim,CA,us,33.81,-117.92,5
Anchorage,AK,us,61.22,-149.87,5
Babylon,NY,us,40.69,-73.33,5
Boise,ID,us,43.63,-116.30,5
Cambridge,,gb,52.21,0.13,5
Chapel Hill,NC,us,35.93,-79.04,5
Dayton,OH,us,39.64,-84.17,5
Delhi,,in,28.67,77.21,5
Hackensack,NJ,us,40.89,-74.05,5
Hudson,FL,us,28.39,-82.65,5
Koyang,,kr,37.70,126.93,5
Lyon,,fr,45.76,4.83,5
Naples,FL,us,26.14,-81.80,5
Nottingham,,gb,52.97,-1.17,5
Oklahoma City,OK,us,35.49,-97.52,5
Olympia,WA,us,46.99,-122.87,5
Port Orange,FL,us,29.15,-81.03,5
Poulsbo,WA,us,47.74,-122.63,5
Ra'anana,,il,32.19,34.88,5
Red Deer,AB,ca,52.27,-113.77,5
Riverside,CA,us,33.98,-117.33,5
Saint Charles,MO,us,38.85,-90.48,5
Salem,OR,us,45.01,-123.02,5
東京,,jp,35.68,139.69,42
大阪,,jp,34.69,135.5,14
서울,,kr,37.57,126.98,16
香港,,hk,22.32,114.17,16
القاهرة,,eg,30.04,31.24,6
Αθήνα,,gr,37.98,23.73,6
Valletta,,mt,35.9,14.51,3
Montréal,QC,ca,45.5,-73.57,17
Hồ Chí Minh,,vn,10.82,106.63,6
São Paulo,,br,-23.55,-46.63,22
Nairobi,,ke,-1.29,36.82,9
Cape Town,,za,-33.92,18.42,10
Buenos Aires,,ar,-34.6,-58.38,14
Bengaluru,,in,12.97,77.59,44
Mumbai,,in,19.08,72.88,24
Lagos,,ng,6.52,3.38,9
Wellington,,nz,-41.29,174.78,6
Bogotá,,co,4.71,-74.07,10
Lima,,pe,-12.05,-77.04,6
Ciudad de México,,mx,19.43,-99.13,14
Santiago,,cl,-33.45,-70.67,8
Jakarta,,id,-6.21,106.85,9
Manila,,ph,14.6,120.98,9
Bangkok,,th,13.76,100.5,10
İstanbul,,tr,41.01,28.98,14
Warszawa,,pl,52.23,21.01,14
Oslo,,no,59.91,10.75,10
København,,dk,55.68,12.57,13
`;

export const CITIES = LINES.trim()
  .split('\n')
  .map((line) => {
    const [name, state, country, lat, lon, weight] = line.split(',');
    return { name, state, country, lat: Number(lat), lon: Number(lon), weight: Number(weight) };
  });

export const PLACES = [
  'Station',
  'Harbour',
  'North',
  'Old Town',
  'Canal',
  'Foundry',
  'Market',
  'Riverside',
  'Garden',
  'Union',
  'Mill',
  'Corner',
];
export const ROOMS = [
  'Hall',
  'Library',
  'Works',
  'Loft',
  'Studio',
  'House',
  'Commons',
  'Hub',
  'Café',
  'Brewery',
  'Community Centre',
  'Park',
];

export const EVENTS = [
  {
    topic: 'Technology',
    groups: [
      'Rust {}',
      '{} Python',
      'Data Engineering {}',
      'Cloud Native {}',
      'Women Who Code {}',
      'PyData {}',
      '{} Gophers',
    ],
    names: [
      'Async Rust in production',
      'Monthly meetup: lightning talks',
      'Streaming joins without tears',
      'Postgres internals night',
      'Hack night',
      'Code & coffee',
      'From notebook to pipeline',
    ],
  },
  {
    topic: 'Outdoors',
    groups: ['{} Hikers', 'Trail Runners {}', '{} Kayak Club', 'Weekend Walkers'],
    names: ['Sunrise ridge hike', 'Sunday 10k trail', 'Paddle & picnic', 'Autumn forest walk'],
  },
  {
    topic: 'Languages',
    groups: ['{} Language Exchange', 'Spanish in {}', '日本語 in {}', 'Expats in {}'],
    names: [
      'Thursday language exchange',
      'Intercambio & tapas',
      'Film night with subtitles',
      'Newcomers’ dinner',
      'תרגול שיחה בעברית',
    ],
  },
  {
    topic: 'Small Business',
    groups: ['{} Founders', 'Product {}', '{} Freelancers', 'Startup Grind {}'],
    names: ['Pitch night', 'Pricing your product', 'Founders’ breakfast', 'Freelance Friday'],
  },
  {
    topic: 'Fitness',
    groups: ['{} Yoga', 'Run {}', 'Boulder {}'],
    names: ['Vinyasa in the park', 'Tempo Tuesday', 'Bouldering for beginners'],
  },
  {
    topic: 'Board Games',
    groups: ['{} Board Gamers', 'D&D {}', 'Go Club {}'],
    names: ['Board game marathon', 'One-shot adventure', 'Beginners’ Go'],
  },
  {
    topic: 'Dining Out',
    groups: ['{} Supper Club', 'Natural Wine {}', 'Coffee {}'],
    names: ['Ramen crawl', 'Blind tasting', 'Latte art basics'],
  },
  {
    topic: 'Book Club',
    groups: ['{} Book Club', 'Silent Book Club {}'],
    names: ['Reading party', '“The Overstory”: discussion'],
  },
  {
    topic: 'Photography',
    groups: ['{} Street Photography', 'Sketch {}'],
    names: ['Blue-hour photo walk', 'Life drawing'],
  },
  {
    topic: 'Dancing',
    groups: ['Salsa {}', '{} Swing'],
    names: ['Social + beginner class', 'Lindy hop intro'],
  },
];
