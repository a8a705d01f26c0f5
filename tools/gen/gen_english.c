/*
 * English: the words and sentences of the synthetic firehose. See gen_grammar.h for the notation.
 *
 *   chat_CLASS   about life in general         brand_CLASS  about a brand, no phrase of a rule
 *   hit_CLASS    with {PHRASE}, which is a rule's phrase or something that only looks like one
 *   more_CLASS   a further sentence            open_CLASS   how a post begins
 *   emoji_CLASS  what it ends with
 *
 * Class is the emotion that the post is meant to carry (gen_compose.c has the list). Sentences
 * carry no closing full stop; the composer adds what fits.
 */
#include "gen_grammar.h"

const struct gen_slot_source gen_english[] = {
    /* people, places, times */
    {"~person",
     "mum|my mom|my wife|my husband|my sister|my brother|my boss|my neighbour|my roommate|"
     "my daughter|my son|grandma|my best friend|my colleague|the kids|my girlfriend|"
     "my boyfriend|my dad|my landlord|my cousin|an old friend|my flatmate|my uncle|"
     "the new guy at work|my team|half the office|everyone on my street"
     "|my aunt|my nephew|my niece|the twins|my mother in law|my coach|my mentor"
     "|our teacher|my old boss|my barber|the postman|my running buddy|my therapist"
     "|a stranger|my ex|my better half|the whole family|my study group|our intern"
     "|the lady next door"},
    {"~name", "Tara|Sam|Jordan|Priya|Mateo|Aisha|Liam|Chloe|Kenji|Fatima|Omar|Elena|Noah|Zoe|Ravi|"
              "Grace|Hugo|Maya|Ivan|Leila|Tom|Nina|Carlos|Hannah|Andre|Sofia|Ben|Lucia|Marcus|Yuki"
              "|Ella|Finn|Nora|Kwame|Ines|Pavel|Rosa|Dmitri|Anna|Bruno|Clara|Diego|Emma"
              "|Felix|Gina|Harry|Ida|Jonas|Kate|Leo|Mia|Nils|Olga|Paul|Quinn|Rita|Simon"
              "|Tess|Umar|Vera|Wendy|Yan|Zara|Abdul|Beth|Cheng|Dara|Eamon|Farah|Goran|Heidi"
              "|Imani|Javier|Keiko|Lars|Mei|Nadia|Otto|Petra|Ruth"},
    {"~city", "Austin|London|Chicago|Leeds|Toronto|Denver|Manchester|Seattle|Houston|Dublin|Boston|"
              "Phoenix|Glasgow|Portland|Miami|Bristol|Dallas|Melbourne|Atlanta|Cardiff|Sydney|"
              "Nashville|Oslo|Lagos|Nairobi|Mumbai|Singapore|Berlin|Madrid|Tampa|Columbus|Detroit|"
              "Sacramento|Belfast|Brisbane|Halifax|Omaha|Tucson|Cork|Reno|Boise|Salem|Hull|Derby"
              "|Baltimore|Ottawa|Perth|Leicester|Galway|Bergen|Utrecht|Porto|Turin|Accra"
              "|Kampala|Durban|Pune|Manila|Jakarta|Auckland|Hobart|Calgary|Quebec|Memphis"
              "|Richmond|Cleveland|Fresno|Oakland|Savannah|Spokane|Plymouth|Swansea|Dundee"
              "|Norwich|York|Bath|Exeter|Limerick|Sligo|Aarhus|Malmo|Tampere|Gdansk|Brno"
              "|Lyon|Ghent|Basel|Graz|Split|Izmir|Haifa|Doha|Muscat|Lahore|Dhaka|Colombo"
              "|Hanoi|Penang|Cebu|Osaka|Busan|Taipei|Suva|Cusco|Bogota|Quito|Merida"
              "|Panama City|San Jose|Santa Fe|Little Rock|Des Moines|Baton Rouge|Cape Town"
              "|Abu Dhabi|Kuala Lumpur|Buenos Aires|New Orleans|Las Vegas|Salt Lake City"
              "|Milton Keynes|St Andrews"},
    {"~area",
     "downtown|the suburbs|the north side|zone 2|the east end|my area|our street|the valley|"
     "the station|the airport|the office|campus|the coast|a small village|the 5th floor"},
    {"weekday", "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"},
    {"month",
     "January|February|March|April|May|June|July|August|September|October|November|December"},
    {"~when",
     "this morning|tonight|yesterday|last night|right now|this week|on {weekday}|since {weekday}|"
     "since {clock}|all day|all weekend|for {NUM} days|for {NUM} hours|for the past {NUM} minutes|"
     "since early {month}|this afternoon|again this evening|every single {weekday}|"
     "at {clock}|between meetings|before breakfast|during lunch"
     "|the other day|one day in {month}|before sunrise|after lunch|at midnight"
     "|just now|on my birthday|all summer|over the holidays|after {hobby}"
     "|on the way home|in the middle of the night|during {show}"},
    {"clock", "{CLOCK}|{CLOCK}|{hour}am|{hour}pm|noon|midnight"},
    {"hour", "1|2|3|4|5|6|7|8|9|10|11|12"},
    {"~ago", "yesterday|{NUM} days ago|{NUM} weeks ago|last {weekday}|back in {month}|"
             "an hour ago|a month ago|in {month}|two weeks ago|ages ago"},
    {"~long", "{NUM} hours|{NUM} minutes|{NUM} days|{NUM} weeks|ages|forever|half the morning|"
              "the entire weekend|my whole lunch break|{NUM} calls|three evenings in a row"},
    {"count",
     "twice|three times|{NUM} times|a dozen times|over and over|every other day|again and again"},

    /* everyday things */
    {"~food", "pizza|ramen|tacos|banana bread|sushi|curry|pancakes|dumplings|sourdough|burritos|"
              "pho|lasagna|bagels|noodles|falafel|mango|hummus|chowder|waffles|pierogi|paella|"
              "mac and cheese|carrot cake|kimchi|apple pie|gelato|porridge|bbq ribs"
              "|pho soup|jollof rice|fish and chips|poutine|goulash|baklava|biryani"
              "|shakshuka|gnocchi|risotto|empanadas|arepas|ceviche|moussaka|schnitzel"
              "|pretzels|crumpets|scones|flapjacks|rhubarb crumble|pumpkin soup"
              "|garlic bread|fried rice|spring rolls|lentil stew|potato salad|corn chowder"
              "|cinnamon rolls|chili|meatballs|oatmeal|granola|roast carrots|cheese toast"
              "|egg tarts|churros|fig jam|plum cake"},
    {"~drink", "coffee|tea|cold brew|matcha|orange juice|a flat white|hot chocolate|lemon water|"
               "an espresso|iced tea|a smoothie|red wine|a pint|sparkling water|oat milk latte"
               "|ginger tea|a lager|lemonade|decaf|a cortado|kombucha|a milkshake|mint tea"
               "|cider|tap water|a mocha|chai|root beer|a negroni|cocoa"},
    {"~pet", "the cat|my dog|our puppy|the neighbours' cat|my rabbit|the parrot|a very rude goose|"
             "three ducks|our old greyhound|the kitten"
             "|our hamster|the ferret|a heron|two magpies|my tortoise|the office dog"
             "|grandma's parrot|a fox|the stray|our chickens|the pony"},
    {"~hobby", "running|climbing|knitting|chess|gardening|painting|yoga|baking|cycling|photography|"
               "guitar practice|birdwatching|pottery|swimming|bouldering|crosswords|kayaking|"
               "learning Spanish|board games|woodworking|skating|sketching"
               "|juggling|origami|sailing|archery|fencing|karate|tap dancing|choir"
               "|beekeeping|calligraphy|metal detecting|stargazing|sewing|quilting|fishing"
               "|geocaching|darts|snooker|rowing|surfing|table tennis|quiz nights|improv"
               "|stand up comedy|model trains|astronomy|foraging|rollerblading|pilates"
               "|boxing"},
    {"~show", "that baking show|the documentary|season {NUM}|the finale|the new album|the game|"
              "the match|the trailer|the podcast|the interview|chapter {NUM}|the second book|"
              "the concert|the press conference|the debate|the season opener"
              "|the pilot episode|the reunion|the charity single|the remake|the museum tour"
              "|the final chapter|the audio book|the derby|the regatta|the fireworks"
              "|the school play|the webinar|the live stream|the quiz night"
              "|the closing ceremony|the radio drama|the sequel"},
    {"~team", "the Falcons|the Rovers|the Otters|United|City|the Hornets|the Comets|our under-12s|"
              "the Lynx|the home side|the Badgers|Athletic"
              "|the Wolves|Rangers|the Sharks|the Giants|Albion|the Pelicans|the Bisons"
              "|the Ravens|County|the Otters women|the Storm|the Kestrels|Dynamo"},
    {"~thing", "my keys|the garden|an umbrella|this sofa|my bike|the oven|a jigsaw|my notebook|"
               "the fence|an old photo|the kettle|my glasses|the attic|a postcard|the bookshelf|"
               "that painting|the piano|my backpack|a lamp|the curtains|wool socks|the tent|"
               "my calendar|the spare room|a ladder|the shed|our boat|those boots"
               "|the lawn mower|a violin|the wheelbarrow|my passport|the doorbell|a jam jar"
               "|my umbrella|the mirror|a rocking chair|the radio|my rucksack|the stove"
               "|a sleeping bag|the ironing board|my watch|a birdhouse|the gate|the hammock"
               "|a picture frame|the chimney|my diary|the toolbox|a vase|the carpet"
               "|my old skateboard|the mailbox|a box of records|the deck chair"
               "|the greenhouse|my favourite mug|a snow globe|the stairs|the blinds"
               "|an accordion|the bunk bed|my scarf|a kite|the compost bin|the porch light"
               "|my typewriter"},
    {"~topic",
     "the election|inflation|the housing market|remote work|the new tram line|space travel|"
     "coral reefs|the chess scandal|school lunches|city planning|old maps|vinyl records|"
     "fonts|marathon training|the weather|volcanoes|medieval bread|tax season|sleep|"
     "public libraries|bees|electric bikes|the transfer window|ghost stories"
     "|tea ceremonies|glaciers|chess openings|street names|night buses|typography"
     "|sourdough starters|the moon landing|accordion music|lighthouses"
     "|weather balloons|train timetables|sign language|tiny houses|bird migration"
     "|tap water|office plants|queue etiquette|daylight saving|board game rules"
     "|mushrooms|museum cafes|old cameras|handwriting|the metric system"
     "|folk dances|city bikes|map projections|ferries|comets|postage stamps"
     "|cave paintings|wind turbines|crosswords|the tide|school uniforms|dialects"
     "|dinosaurs|roundabouts|bread prices"},
    {"~weather", "rain|snow|sunshine|fog|wind|thunder|hail|heat|drizzle|frost|sleet|mist|black ice|"
                 "humidity|cold|storms|clouds|slush"},
    {"~place", "the park|the library|the beach|the gym|the market|a tiny cafe|the museum|the river|"
               "the bakery|the old bridge|the train|the rooftop|the botanical garden|the pool|"
               "the waiting room|the bookshop|the ferry|the ice rink|the cinema|the allotment"
               "|the castle|the harbour|the skate park|the town hall|the lighthouse"
               "|the tram stop|the garden centre|the opera|the food court|the laundrette"
               "|a rooftop bar|the playground|the canal|the chapel|the fairground"
               "|the planetarium|the tennis court|the car park|the lake|the old mill"
               "|the community hall|the flea market|the fish market|the corner cafe"
               "|the campsite|the pier"},
    {"~verbed", "fixed|found|lost|painted|cleaned|forgot|borrowed|sold|moved|photographed|dropped|"
                "repaired|ignored|measured|wrapped|returned|hid|rescued|described|drew"
                "|painted over|gave away|polished|dusted|carried|glued|unpacked|admired"
                "|misplaced|insulted|named|decorated|recycled|tripped over|sat on|photocopied"
                "|hugged|counted"},
    {"~adj", "quiet|strange|lovely|tiny|long|cold|golden|messy|calm|odd|busy|slow|bright|soft|"
             "ordinary|noisy|sleepy|green|sudden|dusty|gentle|sharp|crooked|familiar|early|wild"
             "|curious|gloomy|cheerful|rusty|fancy|shiny|dreamy|foggy|rainy|breezy|chilly"
             "|humble|clever|nervous|proud|silly|polite|grumpy|patient|brave|elegant|empty"
             "|crowded|hidden|frozen|fragile|ancient|modern|rural|tidy|awkward|pleasant"},
    {"~good", "great|lovely|amazing|brilliant|fantastic|wonderful|perfect|so good|excellent|superb|"
              "awesome|delightful|beautiful|a dream|top notch|impressive|spot on|pure joy"},
    {"~bad", "awful|terrible|a joke|ridiculous|useless|horrible|unacceptable|a disgrace|painful|"
             "pathetic|a nightmare|appalling|so frustrating|beyond bad|a mess|shocking|dreadful|"
             "laughable|exhausting|not good enough"},
    {"~very", "really|so|very|absolutely|totally|genuinely|honestly|truly|insanely|pretty|quite"},
    {"~said", "said|reckons|told me|thinks|keeps saying|insists|swears|read somewhere"},

    /* neutral */
    {"open_neutral", "so|anyway|ok|well|right|hmm|fun fact:|note to self:|meanwhile|update:|fyi|"
                     "currently:|today I learned:|small thing:|thread:|reminder:|overheard:"},
    {"chat_neutral",
     "{person} {said} {topic} is the new {topic}|reading about {topic} at {place}|"
     "{adj} {weather} over {city} {when}|making {food} and thinking about {topic}|"
     "{name} {verbed} {thing} {ago}|on the way to {place} with {person}|"
     "{weekday} plans: {hobby}, {food}, {hobby}|I {verbed} {thing} and {person} {verbed} {thing}|"
     "watching {show} with {person} {when}|half of {city} is at {place} {when}|"
     "{NUM} km of {hobby} {when}, then {drink}|there is {adj} {weather} in {city} and {pet} knows "
     "it|"
     "new post about {topic} is up|listening to {show} on repeat|{pet} {verbed} {thing}|"
     "moving from {city} to {city} in {month}|my notes on {topic}, part {NUM}|"
     "the {adj} light at {place} {when}|looking for a {adj} recipe for {food}|"
     "{drink} first, {topic} later|{team} play {team} on {weekday}|"
     "the queue at {place} is {adj} {when}|{name} from {city} {said} it will {weather}, I mean, "
     "maybe|"
     "took the {adj} road to {place} with {pet}|{person} and I {verbed} {thing} for {name}|"
     "page {NUM} of {NUM}, still about {topic}|{hobby} at {place}, {adj} as ever|"
     "we {verbed} {thing} before {show} started|photos of {place} {when}|"
     "every {weekday} I end up at {place}|{food} in {city} or {food} in {city}, no wrong answers|"
     "tomorrow: {hobby} with {name} at {clock}|it is {clock} and {pet} wants {food}|"
     "a {adj} {weekday} in {city}, {NUM} degrees|someone {verbed} {thing} at {place}|"
     "{name} will talk about {topic} in {city} in {month}"
     "|{name} and {name} {verbed} {thing} at {place} {when}"
     "|{drink} with {name} at {place}, {clock}"
     "|why {person} {verbed} {thing} is a long story"
     "|a {adj} day of {hobby} in {city} with {name}|{NUM} photos of {pet} from {place}"
     "|the {adj} bus from {city} to {city} left at {clock}"
     "|how {name} {verbed} {thing} in {city}|bought {thing_cheap} in {city} for {PRICE}"
     "|{topic} explained by {person} over {drink}"
     "|my {adj} list for {weekday}: {food}, {drink}, {hobby}"
     "|{name}'s talk on {topic} starts at {clock} in {city}"
     "|in {month} we {verbed} {thing} in {city}"
     "|{adj} morning, {adj} evening, {drink} in between"
     "|{team} train at {place} on {weekday} at {clock}"
     "|two tickets for {show} in {city} in {month}"
     "|today in {city}: {weather}, {topic} and {food}"},
    {"brand_neutral",
     "{BRAND} opens a new office in {city} in {month}|saw an ad for {BRAND} at {place}|"
     "{BRAND} and {topic} in one headline, what a {weekday}|my cousin works for {BRAND} in {city}|"
     "walked past {BRAND} on the way to {place}|{BRAND} announced something about {topic}|"
     "{BRAND} or not, I will be at {place} {when}|{name} starts at {BRAND} on {weekday}|"
     "{BRAND} is hiring in {city}, says {name}|I have been with {BRAND} since {month}|"
     "new {PRODUCT} from {BRAND} comes out in {month}|{person} {said} {BRAND} is moving to {city}|"
     "the {PRODUCT} sits next to {thing} now|comparing {BRAND} with the others {when}|"
     "{BRAND} sponsors {team} this season"
     "|{name} from {BRAND} gave a talk on {topic} in {city}"
     "|{BRAND} moves from {city} to {city}|the {PRODUCT} was seen in {city} {ago}"
     "|{BRAND} has {NUM} shops in {city}|{person} bought a {PRODUCT} for {PRICE} {ago}"
     "|read {NUM} pages about {BRAND} and {topic}"},
    {"hit_neutral",
     "note about {PHRASE} for anyone in {city}|{PHRASE} came up at {place} {when}|"
     "{person} asked about {PHRASE} {ago}|reading a thread on {PHRASE}|{PHRASE}, part {NUM}|"
     "{name} wrote a guide: {PHRASE}|the page on {PHRASE} was changed {ago}|"
     "{BRAND} talks about {PHRASE} in the new terms|heard {PHRASE} mentioned at {place}|"
     "today's topic: {PHRASE}|two letters about {PHRASE} {when}|{BRAND}: {PHRASE}, says {name}"},
    {"more_neutral",
     "more {when}|that is all|{name} agrees|back to {hobby}|anyway, {food}|see you at {place}|"
     "we will see {when}|not sure what {person} thinks|it was {adj}|then {drink} at {place}|"
     "no idea why|{pet} was there too|same as every {weekday}|I might write about it|"
     "and yes, {weather} again|it took {long}|{city} never changes|the rest can wait until "
     "{weekday}|"
     "{person} {verbed} {thing} meanwhile|ask {name}|still on page {NUM}|photos later"
     "|{name} took {NUM} photos|{person} brought {food}|the bus to {city} was {adj}"
     "|we talked about {topic}|it starts at {clock}|{NUM} people came|next stop: {city}"
     "|I had {drink}|{name} asked about {topic}|left at {clock}|{adj} but fine"
     "|it smelled of {food}|bought {thing_cheap} for {PRICE}|{NUM} minutes late"
     "|now reading about {topic}|{hobby} instead, then|{person} prefers {drink}"
     "|half of it is about {topic}|the {adj} part comes later"},
    {"emoji_neutral",
     "🙂|📚|☕|🌧️|🚲|📷|🎧|🐈|🍜|🗺️|👀|🤷|🌿|✨|🧶|🚉"},

    /* complaint */
    {"open_complaint", "ugh|sigh|seriously|hey|hello?|so|once again|and again|great, just great|"
                       "well|not impressed:|day {NUM}:|update:|come on|honestly|still"},
    {"chat_complaint",
     "the {weather} in {city} is {bad} {when}|{place} was {bad} {when}|my {adj} neighbour again "
     "{when}|"
     "who plays drums at {clock}|somebody {verbed} {thing} and left it at {place}|"
     "{person} ate my {food} {count}|the queue at {place} took {long}|I am tired of {topic}|"
     "the {food} at {place} was {bad}|lost {thing} {when}, {very} annoying|"
     "{team} lost {count} and it is {bad}|woke up at {hour}am because of {pet}|"
     "why is {hobby} so hard {when}|my back hurts after {hobby}|the ending of {show} was {bad}"
     "|the {adj} bus to {city} is late {count}|{name} took {thing} without asking"
     "|{hobby} at {hour}am is {bad}|nobody told me that {place} closes at {clock}"
     "|{food} for {PRICE} in {city}, that is {bad}|{pet} ate {thing} {when}"
     "|my {adj} cold is back {when}|the heating at {place} has been {bad} since {month}"},
    {"brand_complaint",
     "{BRAND} is {bad} {when}|really not happy with {BRAND}|what happened to {BRAND}, it was "
     "{good} once|"
     "{BRAND} keeps me waiting {when}|the {PRODUCT} from {BRAND} is {bad}|"
     "another {adj} day with {BRAND}, it was {bad}|{BRAND} told me {long}, it took twice that|"
     "nobody at {BRAND} picks up {when}|{BRAND} in {city} is {bad}|"
     "bought a {PRODUCT} {ago} and it is {bad}|{BRAND} promised {person} a call {ago}, nothing "
     "came|"
     "third {PRODUCT} from {BRAND} and the third that is {bad}"
     "|{BRAND} sent {name} the wrong {PRODUCT} {ago}"
     "|{long} for an answer from {BRAND}, it was {bad}"
     "|{PRICE} for a {PRODUCT} that is {bad}"
     "|the {BRAND} shop in {city} closed at {clock}, {bad}"
     "|{name} at {BRAND} was {bad} to {person}"},
    {"hit_complaint",
     "{PHRASE} again in {city}|{PHRASE} {when} and nobody cares|another day, another {PHRASE}|"
     "{PHRASE} for {long} now|{BRAND}, {PHRASE} {when}|I reported {PHRASE} {ago} and heard nothing|"
     "still {PHRASE} after {long}|{PHRASE}, {silence} and no answer|so now it is {PHRASE} on top|"
     "paying {PRICE} a month for {PHRASE}|{BRAND}: {PHRASE} {count} this week|"
     "my {adj} {weekday}: {PHRASE} at {clock}|called {count} about {PHRASE}|"
     "{PHRASE} in {area} since {weekday}|tired of {PHRASE}|case {ORDER}, {PHRASE}, still open|"
     "{PHRASE} here too, {city}|{person} has {PHRASE} as well, {very} {adj} timing|"
     "{BRAND} fixed nothing, {PHRASE} {when}|waited {long} because of {PHRASE}|"
     "{PHRASE} and they say it is normal|{NUM} calls, {NUM} chats, still {PHRASE}|"
     "how is {PHRASE} still a thing at {BRAND}|{PHRASE} right before {show}"},
    {"silence", "no reply|dead air|silence|hold music|a chatbot"},
    {"more_complaint",
     "this is {bad}|I have been waiting {long}|nobody answers|that is {NUM} calls now|"
     "not what I pay {PRICE} for|please do something|{person} gave up|I want an answer {when}|"
     "the agent hung up {count}|same story {ago}|it was fine until {weekday}|"
     "I work from home, I need this|I even tried {NUM} times|they keep sending me in circles|"
     "no email, no call, nothing|how hard can it be|this happens {count}|I expected better|"
     "I am still at {place} waiting|it cost me {long}|no explanation given|reference {ORDER}"
     "|I have called {count} {when}|the chat closed after {long}|my case is {ORDER}"
     "|{name} said somebody would call {when}|they want another {NUM} days"
     "|I have photos of everything|it worked {ago}|{person} has the same thing"
     "|nobody read my letter from {ago}|I am losing {PRICE} a day here"
     "|spent {long} with your chatbot|it is the {NUM}th time this year"
     "|you charged me {PRICE} anyway|the store in {city} sent me away"
     "|your page says {NUM} hours, it is {NUM} days|I missed {show} because of it"
     "|my patience ended {ago}|they closed my ticket {count}"},
    {"emoji_complaint", "😤|🙄|😒|😠|👎|😑|🤦|😞|🤨|⏳|😩"},

    /* rant */
    {"open_rant", "wow|unbelievable|are you kidding me|omg|what a joke|I can't even|enough|"
                  "ok that's it|for the love of god|seriously??|nope|are you serious"},
    {"chat_rant",
     "{topic} makes me so angry I can't sleep|whoever {verbed} {thing} at {place}, I will find you|"
     "if {person} says {topic} one more time I scream|{team} are {bad}, sack everyone|"
     "{show} was {bad}, {long} of my life gone|people who do {hobby} at {place} at {hour}am are "
     "{bad}|"
     "{city} drivers are {bad}, all of them|I hate {weather} and I hate every {weekday}"
     "|{name} parked at {place} AGAIN and took {NUM} spaces"
     "|{food} for {PRICE}?? in {city}??|{person} gave away {thing} and I am furious"
     "|who puts {food} on {food}|I waited {long} for {show} and it was {bad}"
     "|{topic} {topic} {topic}, can we stop"},
    {"brand_rant",
     "{BRAND} is the worst company in {city}|{BRAND} can go bankrupt for all I care|"
     "never ever {BRAND} again, never|{BRAND} is a joke, the {PRODUCT} is a joke, all of it|"
     "how does {BRAND} still exist|I hate {BRAND} with all my heart|{BRAND} you are {bad}, all of "
     "you|"
     "whoever designed the {PRODUCT} should be ashamed"},
    {"hit_rant",
     "{PHRASE} AGAIN, are you kidding me|{PHRASE} for {long}, you clowns|{BRAND} and {PHRASE}, "
     "every time|"
     "I am SO done with {PHRASE}|{PHRASE}!! {PRICE} a month for {PHRASE}|"
     "hey {BRAND} what is this, {PHRASE} {count}|{PHRASE} and they blame my {thing_short}|"
     "worst {weekday} ever: {PHRASE}, {weather}, and {person} laughing|"
     "nobody at {BRAND} knows what {PHRASE} even means|{PHRASE} since {clock}, shame on you|"
     "if I get {PHRASE} one more time I throw it out of the window"},
    {"thing_short", "laptop|house|street|cat|walls|phone|oven|wiring"},
    {"more_rant",
     "shame on you|disgusting|I am fuming|clowns|liars|do your job|worst ever|give me a break|"
     "I want to speak to a human|{NUM} hours of my life|stop lying|this is theft|never again|"
     "and don't tell me to restart it|someone should be fired|everyone should know|absolute garbage"
     "|{long} of my life, gone|I told you {count}|{name} at your desk laughed"
     "|worse than {weather} in {month}|{PRICE} for this|I will tell everyone in {city}"
     "|even {person} noticed|not one apology|you had {NUM} days|put {name} on the phone"
     "|I have had it {when}|you broke it {ago} and you know it|stop sending surveys"
     "|the worst since {month}"},
    {"emoji_rant", "😡|🤬|😡😡|🤡|💀|🔥|👎👎|😤😤|🖕"},

    /* question */
    {"open_question",
     "hey|hi|quick question:|question:|hello|hi all|does anyone know:|hey folks|um|"
     "hi there|dear internet|asking for {person}:|sorry, quick one:"},
    {"chat_question",
     "does anyone know a {adj} {place_short} in {city}?|what is the best {food} in {city}?|"
     "has anyone read about {topic}?|who is going to {place} {when}?|what should I watch after "
     "{show}?|"
     "is {hobby} worth it at my age?|how do you make {food} without {drink}?|"
     "where do people in {city} go for {hobby}?|did anybody see {show} {when}?|"
     "{food} or {food}?|when does {show} start?|is it just me or is {topic} everywhere?|"
     "how long from {city} to {city} by train?|why does {pet} stare at {thing}?|"
     "what is your favourite {drink} {when}?|can {pet} eat {food}?"
     "|who {verbed} {thing} at {place}?|has {name} said anything about {topic}?"
     "|what do you bring to {place} {when}?|is {city} nice in {month}?"
     "|who wants {food} at {clock}?|where did {name} find {thing}?"
     "|how much is {food} in {city} these days?|can you do {hobby} in {weather}?"
     "|any tips for {NUM} days in {city}?|which is better for {hobby}, {city} or {city}?"},
    {"place_short", "cafe|dentist|bakery|running route|barber|bookshop|climbing wall|hotel"},
    {"brand_question",
     "is {BRAND} any good?|who else is with {BRAND} in {city}?|is the {PRODUCT} worth {PRICE}?|"
     "does {BRAND} ship to {city}?|does {BRAND} open on {weekday}?|what is the difference between "
     "the {PRODUCT} and the old one?|"
     "has anyone tried {BRAND} in {city}?|{BRAND}, when do you open in {city}?|"
     "how do I reach {BRAND} {when}?|anyone here switched from {BRAND}?|"
     "where can I see the {PRODUCT} in {city}?|{HANDLE} do you have a number I can call?"
     "|is {name} from {BRAND} on here?|does the {PRODUCT} work in {city}?"
     "|is {PRICE} ok for a {PRODUCT}?|who sells the {PRODUCT} in {city}?"
     "|does {BRAND} close at {clock} {when}?"},
    {"hit_question",
     "anyone else with {PHRASE} in {city}?|is it just me or is there {PHRASE} {when}?|"
     "how do I deal with {PHRASE}?|{BRAND}, what is going on with {PHRASE}?|"
     "does {BRAND} know about {PHRASE}?|why is there {PHRASE} {when}?|when will {PHRASE} be "
     "sorted?|"
     "who do I call for {PHRASE}?|{PHRASE}: is that normal?|has anybody solved {PHRASE}?|"
     "what does {PHRASE} mean on the {PRODUCT}?|is {PHRASE} included for {PRICE}?|"
     "{HANDLE} is {PHRASE} a known thing in {area}?|any news on {PHRASE}?|"
     "can somebody explain {PHRASE} to {person}?|{PHRASE} {when}, what now?"},
    {"more_question",
     "asking for {person}|any ideas?|thanks in advance|I am in {city}|it is {adj} here|"
     "I looked everywhere|couldn't find it on the page|I tried {count}|would love to know|"
     "please and thank you|a link would be enough|or should I wait until {weekday}?|"
     "my number is in the message|I am on the {PRODUCT}|serious question|first time for me"
     "|I am with you since {month}|the page says {NUM} days|my order is {ORDER}"
     "|we leave on {weekday}|{name} told me to ask here|{person} could not help either"
     "|it says code {NUM}|I need it by {weekday}|or is that only in {city}?"
     "|does it cost {PRICE}?|is {name} still the right person?|the line was busy {when}"},
    {"emoji_question", "🤔|❓|🙏|🙋|🧐|👀|😅|🤷"},

    /* request */
    {"open_request",
     "hi|hello|hey|please|dear team|hi team|good morning|good evening|hey guys|hi there"},
    {"chat_request",
     "please send me your favourite {food} recipes|somebody recommend a book about {topic}|"
     "please vote for {name} {when}|looking for people in {city} who do {hobby}|"
     "if you find {thing} at {place}, tell me|please be kind to {pet} {when}|"
     "looking to borrow {thing} until {weekday}|share if you are in {city} and saw {pet}"
     "|please bring {thing} to {place} by {clock}"
     "|need {NUM} people for {hobby} in {city} {when}|please no more {food} at {place}"
     "|can somebody water {thing_green} until {weekday}"
     "|looking for {name} who {verbed} {thing} in {city}"
     "|send me your photos of {place} from {month}"},
    {"brand_request",
     "{BRAND} please come to {city}|{BRAND} please make the {PRODUCT} in green|"
     "{HANDLE} please check your messages|please bring back the old {PRODUCT}, {BRAND}|"
     "{HANDLE} call me when you can|{BRAND} please look at {ORDER} for {person}|"
     "{HANDLE} could you answer the letter from {ago}|I'd like to talk to someone at {BRAND} "
     "{when}"},
    {"hit_request",
     "{HANDLE} please look into {PHRASE}|please fix {PHRASE} {when}|{BRAND}, {PHRASE}, can you "
     "take a look|"
     "could somebody at {BRAND} check {PHRASE} for {ORDER}|need a hand with {PHRASE}|"
     "{PHRASE} in {city}, please send someone|{HANDLE} can you sort out {PHRASE}|"
     "please call {person} about {PHRASE}|can you tell me who handles {PHRASE}|"
     "I need {PHRASE} dealt with before {weekday}|{HANDLE} {PHRASE}, reference {ORDER}, please"},
    {"more_request",
     "reference {ORDER}|I am free after {clock}|thank you|please hurry|it is for {person}|"
     "before {weekday} if possible|I sent you a message {ago}|let me know|my address has not "
     "changed|"
     "any time {when} works|much appreciated|you have my number|I can send photos"
     "|I was told {NUM} days|my order is {ORDER}|{name} knows about it"
     "|I am at {place} until {clock}|it has been {long}|the number ends with {NUM}"
     "|call after {clock}|we are {NUM} people|send it to {city} please"
     "|I have the receipt for {PRICE}|it started {ago}"},
    {"emoji_request", "🙏|🙂|📞|✉️|👋|🙏🙏"},

    /* praise */
    {"open_praise",
     "wow|just wanted to say|credit where it's due:|honestly|ok|well done|yay|finally|"
     "shout out:|big up|must say|can we talk about this:|hats off"},
    {"chat_praise",
     "{name}'s {food} is {good}|{show} was {very} {good}|the {weather} over {city} {when} was "
     "{good}|"
     "{team} were {good} {when}|{place} is {good} on a {weekday}|best {food} in {city}, no contest|"
     "{person} is {good}, that is all|{hobby} with {name} is {good}|what a {good_short} goal "
     "{when}|"
     "the {adj} staff of the library in {city} are {good}"
     "|the {food} at {place} in {city} is {very} {good}|{name} played {very} well {when}"
     "|{person} makes the best {food} for {NUM} miles|{show} in {city} was {good}"
     "|{hobby} at {place} with {name} was {good}|{city} in {month} is {good}"
     "|whoever {verbed} {thing} did a {good_short} job"},
    {"good_short", "great|lovely|superb|stunning|perfect|brilliant|beautiful"},
    {"brand_praise",
     "{BRAND} is {good}|my new {PRODUCT} is {good}|love my {PRODUCT}|{BRAND} in {city} is {good}|"
     "say what you want, {BRAND} is {good}|{person} loves the {PRODUCT}|{NUM} years with {BRAND}, "
     "{very} happy|"
     "the {PRODUCT} made my {weekday}|the lady at {BRAND} in {city} was {good}|"
     "{BRAND} called back after {NUM} minutes, {good}|everyone should try the {PRODUCT}"
     "|{name} from {BRAND} in {city} was {very} kind"
     "|{PRICE} for a {PRODUCT} and it is {good}|the {PRODUCT} survived {weather} in {city}"
     "|{BRAND} sent {person} a card, {good}|{long} with the {PRODUCT} and still {good}"},
    {"hit_praise",
     "{PHRASE} and I am {very} impressed|{PHRASE}, and it was {good}|{BRAND} did it: {PHRASE}|"
     "{PHRASE} in under {NUM} minutes, {good}|who knew, {PHRASE} at {BRAND}|{PHRASE} {when}, "
     "{good}|"
     "best thing about {BRAND}: {PHRASE}|{person} told me about {PHRASE} and it is {good}|"
     "can confirm: {PHRASE}|{PHRASE} even in {area}|{NUM} out of 10 for {PHRASE}|"
     "my {weekday} got better: {PHRASE}"},
    {"more_praise",
     "10/10|would recommend|keep it up|so happy|made my day|worth every cent|worth {PRICE}|"
     "tell {name} I said so|I am impressed|five stars from me|{person} agrees|more of this please|"
     "this is how it's done|never looking back|love it|give that team a raise|I'm a fan now"
     "|told {person} about it|{NUM} stars out of 5|took only {NUM} minutes"
     "|worth the trip to {city}|will come back {when}|{name} was a star|saved me {PRICE}"
     "|best {PRICE} I ever spent|my {weekday} is saved|even {person} smiled"
     "|it just works since {month}|a big hug to {name}|everyone at {place} should know"},
    {"emoji_praise", "😍|👏|🙌|❤️|🔥|⭐|💯|🥰|👍|🎉|😊|🏆"},

    /* thanks */
    {"open_thanks",
     "thank you|thanks|thanks so much|big thanks|many thanks|cheers|thx|a huge thank you|"
     "thank you thank you|ty"},
    {"chat_thanks",
     "to the stranger at {place} who {verbed} {thing}|to {name} for the {food}|to everyone who "
     "came {when}|"
     "{name}, for {NUM} years of {hobby}|to whoever {verbed} {thing} for {person}|"
     "for the {NUM} birthday wishes|for all the tips about {topic}|{city}, you were {good}"
     "|to {name} and {name} for {show}|to the driver to {city} who waited {when}"
     "|for {food} and {drink} {when}, {name}|to {person} for {thing}"
     "|for the {adj} evening in {city}|to all {NUM} of you for {hobby} in {weather}"},
    {"brand_thanks", "{BRAND}, that was quick|to {name} at {BRAND} who stayed on the line|{HANDLE} "
                     "for calling back {when}|"
                     "{BRAND}, my {PRODUCT} is alive again|to the driver from {BRAND} in "
                     "{city}|{HANDLE}, sorted in {NUM} minutes|"
                     "to {BRAND} for looking after {person}"},
    {"hit_thanks",
     "{BRAND} for {PHRASE}|{HANDLE}, {PHRASE} is solved|to {name} for the help with {PHRASE}|"
     "{HANDLE}: {PHRASE}, and so fast|for {PHRASE} {when}, {BRAND}|to the team for {PHRASE}, "
     "{person} is happy"},
    {"more_thanks",
     "you made my day|so kind|it means a lot|I really appreciate it|have a {good_short} {weekday}|"
     "you are the best|{person} says hi|I owe you a {food_short}|that was fast|lifesavers"
     "|it took only {NUM} minutes|{name} was so patient|greetings from {city}"
     "|my {weekday} is saved|you answered at {clock}, wow|{NUM} out of 10"
     "|I will tell {person}|that saved me {PRICE}|see you in {month}|give {name} a day off"},
    {"food_short", "coffee|beer|cake|pizza|cookie|pint"},
    {"emoji_thanks", "🙏|❤️|😊|💐|🤗|👏|🙌|☺️"},

    /* worry */
    {"open_worry",
     "warning:|careful:|omg|guys|please be careful:|heads up:|is this safe:|help|scary:"},
    {"chat_worry",
     "the river in {city} is {very} high {when}|smoke over {place}, anyone know more|"
     "{person} has not called since {clock} and I worry|the storm hits {city} {when}|"
     "there was a strange noise in {thing} {when}|{pet} is missing since {weekday}, {city}|"
     "exam on {weekday} and I know nothing about {topic}"
     "|{name} is in hospital in {city} since {weekday}"
     "|the bridge in {city} is shaking in the {weather}"
     "|{pet} has not eaten since {weekday}|I hear steps above {place} {when}"
     "|{person} drives to {city} in this {weather}"
     "|the exam in {city} is on {weekday} and {name} has my notes"},
    {"brand_worry",
     "my {PRODUCT} gets {very} hot {when}|is the {PRODUCT} safe for kids|strange smell from the "
     "{PRODUCT} {when}|"
     "{BRAND}, the cable of the {PRODUCT} looks burnt|worried about the {PRODUCT}, it sparks|"
     "{BRAND} should look at the {PRODUCT} before somebody gets hurt"},
    {"hit_worry",
     "{PHRASE} at {person}'s place {when}|{PHRASE}!! {BRAND} please react|we had {PHRASE} {when} "
     "and the kids were there|"
     "{PHRASE}, is that dangerous|{BRAND}: {PHRASE} in {city}, somebody could get hurt|"
     "{PHRASE} {ago}, I am still shaking|scared of {PHRASE} after {weekday}"},
    {"more_worry",
     "I am scared|the kids were right there|please check yours|we are all ok|not touching it again|"
     "I unplugged it|photos attached|the fire brigade came|be careful|who do I tell|I can't sleep "
     "now"
     "|{person} saw it too|it happened at {clock}|in {city}, near {place}|I called {count}"
     "|smelled it since {weekday}|it is the {NUM}th time"
     "|does anyone else in {city} see this|{name} burnt a finger"
     "|we left the house at {clock}|I have a video"},
    {"emoji_worry", "😰|😱|⚠️|🚨|😨|🆘|😟"},

    /* sad */
    {"open_sad", "sad day|oh no|sigh|well|it's over|heartbroken|end of an era:|rip"},
    {"chat_sad",
     "I miss {person} {when}|{place} in {city} closes in {month}|said goodbye to {pet} {ago}|"
     "{team} out, {weekday} ruined|alone with {food} {when}|last day of {hobby} with {name}|"
     "it is {NUM} years since {name} left {city}|{show} is over and I am empty"
     "|{name} moved to {city} {ago}|we had to give {thing} away {when}"
     "|no {hobby} without {name}|{person} and {pet} are gone since {month}"
     "|{place} without {person} feels {adj}|the last {food} from {name}'s kitchen"},
    {"brand_sad", "sad that {BRAND} leaves {city}|my old {PRODUCT} died {when}|{BRAND} was {good} "
                  "once, I miss that|"
                  "goodbye {PRODUCT}, {NUM} good years"},
    {"hit_sad", "{NUM} years, and it ends with {PHRASE}|{PHRASE}, so this is goodbye {BRAND}|"
                "I really liked {BRAND}, but {PHRASE}|{PHRASE} {when}, I could cry|it breaks my "
                "heart: {PHRASE}"},
    {"more_sad",
     "I could cry|it was {good} while it lasted|{person} cried too|nothing stays|I'll miss it|"
     "what a {adj} {weekday}|I thought you'd care|so sad"
     "|it was {NUM} years|{name} says sorry|I kept the box from {month}"
     "|every {weekday} was for that|{person} will miss it too|the last one in {city}"
     "|I still have {thing} from back then|so quiet here {when}"
     "|we took one last photo at {place}"},
    {"emoji_sad", "😢|😭|💔|🥺|😔|☹️"},

    /* joy */
    {"open_joy", "yay|yes|omg|guess what:|finally|best day|haha|lol|woohoo|guys"},
    {"chat_joy",
     "{team} WON {when}|I got the job in {city}|{person} said yes {when}|{NUM} days until {city}|"
     "first {hobby} of the year at {place}|{pet} learned to open {thing}|{food} for breakfast, "
     "life is {good}|"
     "passed the exam about {topic}|finished {NUM} km of {hobby}|{name} is back in {city}|"
     "{weather} in {city} and I don't even care|new {thing_joy} arrived {when}"
     "|{name} and I danced at {place} {when}|we are having a {baby} in {month}"
     "|{team} beat {team} in {city}|{person} laughed so hard at {show}"
     "|found {thing} after {NUM} years|the kids made {food} for {person}"
     "|{NUM} friends, {food} and {drink} {when}|{name} got into the choir in {city}"},
    {"thing_cheap",
     "socks|a lamp|three plants|a jigsaw|an atlas|two records|a teapot|a scarf|a clock|stamps"},
    {"thing_green", "the tomatoes|my plants|the ferns|the roses|the basil|the lawn"},
    {"baby", "baby|boy|girl|party|sale|street party"},
    {"thing_joy", "bike|guitar|boots|camera|kayak|paints|telescope|oven|desk"},
    {"brand_joy", "my {PRODUCT} arrived {when}|unboxing the {PRODUCT} with {person}|{BRAND} "
                  "surprised {person} with cake|"
                  "got the last {PRODUCT} in {city}|{BRAND} day {when}"},
    {"hit_joy",
     "finally: {PHRASE}|{PHRASE}, I am dancing in {place}|guess who got {PHRASE} {when}|"
     "{PHRASE} from {BRAND} and I can't stop smiling|{person} screamed when she saw {PHRASE}"},
    {"more_joy",
     "so happy right now|can't stop smiling|dancing|best {weekday} ever|happy tears|let's go|"
     "drinks at {place} {when}|I still can't believe it|haha|{person} too"
     "|{food} for everyone|{name} owes me {drink}|{NUM} messages already"
     "|we celebrate at {place}|I called {person} at {clock}|off to {city} {when}"
     "|photos on {weekday}|waited {long} for this|{pet} is confused"
     "|the party is on {weekday}"},
    {"emoji_joy", "😂|🎉|🥳|😁|🤣|💃|😄|🎊|❤️‍🔥"},

    /* what a brand says itself */
    {"own", "We are sorry to hear that {name}, please send us a message with {ORDER}|Hi {name}, "
            "thanks for reaching out, your case is {ORDER}|"
            "Our team in {city} is working on it {when}|Good news: the {PRODUCT} comes to {city} "
            "in {month}|"
            "Thank you for your patience, {name}, we will call you {when}|We have replied to "
            "{ORDER} by message|"
            "We're open until {clock} {when}|Happy {weekday} from all of us in {city}"},

    {"tags", "mondaymood|tbt|foodie|travel|photography|nofilter|weekend|art|music|news|fitness|"
             "tech|sports|nature|books|motivation|fashion|gaming|cats|dogs|coffee|sunset|running|"
             "recipe|family|throwback|winter|summer|streetphotography|smallbusiness|podcast"},
    {"tags_complaint",
     "fail|epicfail|notimpressed|badservice|fixit|why|smh|annoyed|firstworldproblems|help"},
    {"tags_praise",
     "win|happycustomer|grateful|loveit|goodservice|kudos|thankyou|blessed|yay|5stars"},

    /* what makes short posts differ, at the end */
    {"detail", "{city}, {CLOCK}|({NUM}/{NUM}, {city})|{NUM} {month}, {city}|day {NUM}, {city}|"
               "({name}, {city})|{city} to {city}, {CLOCK}|{name} says hi from {city}|"
               "sent from {place}, {CLOCK}|{name} and {name}, {city}"},
    {"breaker", "honestly|basically|kinda|somehow|apparently|literally|obviously|frankly"},
    {"apart", "was|is|has been|is still|seems|looks|went|got|will be|is probably"},

    {"bio",
     "{hobby_bio}. {hobby_bio}. {city}|{job} in {city}|{job}, {hobby_bio}, {food} person|"
     "mum of {NUM}|dad of {NUM}, {team} fan|opinions my own|she/her, {job}|he/him. {hobby_bio}|"
     "{city} born, {city} based|{job} by day, {hobby_bio} by night|love {food}, hate {weather}|"
     "{team} till I die|writing about {topic}|{topic}, {topic} and {topic}|just here for {topic}|"
     "they/them • {city}|views are mine, RTs are not endorsements|{NUM} cats, one {job}|"
     "ex {job}, now {hobby_bio}|proud {job}. {city}|student of {topic}|"
     "I post about {topic} and {food}|{hobby_bio} addict ☕ {city}"},
    {"job",
     "nurse|teacher|web developer|chef|accountant|plumber|journalist|paramedic|designer|barista|"
     "librarian|bus driver|student|physicist|florist|lawyer in training|carpenter|analyst|"
     "illustrator|vet|sales rep|retired postman|music teacher|project manager"},
    {"hobby_bio",
     "runner|climber|knitter|gardener|chess player|cyclist|baker|birder|gamer|reader|painter|"
     "swimmer|plant person|dog person|cat person|coffee snob|photographer|traveller"},
};
const size_t gen_english_count = sizeof gen_english / sizeof *gen_english;
