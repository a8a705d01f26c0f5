/* Personal data that words beside it tell: e-mail, IBAN, accounts and orders, addresses. */
#include "pii/pii_scan.h"

/* ---- words ---- */

/* A word of a list, in lower case, with zeros behind it. Two are compared as two numbers, and with
 * a whole list without a branch: most words are in none. No word of a text has a zero in it. */
typedef char listed[16];

static bool is_one_of(const struct hy_pii_text *t, uint32_t start, uint32_t end, const listed *list,
                      size_t count)
{
    uint64_t have[2] = {0}, entry[2];
    listed lower = {0};
    bool found = false;
    if (end <= start || end - start >= sizeof lower)
        return false;
    for (uint32_t i = start; i < end; i++)
        lower[i - start] = (char)(hy_pii_letter(t->s[i]) ? t->s[i] | 32 : t->s[i]);
    memcpy(have, lower, sizeof have);
    for (size_t i = 0; i < count; i++) {
        memcpy(entry, list[i], sizeof entry);
        found |= ((have[0] ^ entry[0]) | (have[1] ^ entry[1])) == 0;
    }
    return found;
}

/* Is text[start, end) in the list? */
#define ONE_OF(t, start, end, list) is_one_of(t, start, end, list, sizeof(list) / sizeof *(list))

bool hy_pii_said_before(const struct hy_pii_text *t, uint32_t at, uint32_t reach, const char *words)
{
    uint32_t from = at > reach ? at - reach : 0;
    for (uint32_t start = from; start < at; start++) {
        if (!hy_pii_letter(t->s[start]) || (start > 0 && hy_pii_alnum(t->s[start - 1])))
            continue;
        for (const char *word = words; *word;) {
            uint32_t len = (uint32_t)strcspn(word, "|"), i = 0;
            while (i < len && start + i < at &&
                   (hy_pii_letter(t->s[start + i]) ? (t->s[start + i] | 32) : t->s[start + i]) ==
                       word[i])
                i++;
            if (i == len && !hy_pii_alnum(hy_pii_at(t, start + len)))
                return true;
            word += len + (word[len] == '|');
        }
    }
    return false;
}

uint32_t hy_pii_word_before(const struct hy_pii_text *t, uint32_t end)
{
    while (end > 0 && hy_pii_letter(t->s[end - 1]))
        end--;
    return end;
}

/* ---- e-mail ---- */

static const listed roles[] = {
    "support",         "help",       "info",    "contact",
    "service",         "services",   "care",    "customercare",
    "customerservice", "sales",      "press",   "media",
    "hello",           "team",       "admin",   "office",
    "feedback",        "complaints", "billing", "noreply",
    "no-reply",        "donotreply", "abuse",   "privacy",
    "security",        "jobs",       "careers", "legal",
    "webmaster",       "postmaster", "orders",  "returns",
    "enquiries",
};

static bool is_local(char c)
{
    return hy_pii_alnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '\'' || c == '-';
}

/* The end of a host name at `at`, or `at`: labels, the last of two letters or more. */
static uint32_t host_end(const struct hy_pii_text *t, uint32_t at)
{
    uint32_t end = at, good = at, label = at, dots = 0;
    for (;; end++) {
        char c = hy_pii_at(t, end);
        if (hy_pii_alnum(c) || (c == '-' && end > label))
            continue;
        uint32_t stop = end;
        while (stop > label && t->s[stop - 1] == '-')
            stop--;
        bool letters = stop > label, digits = stop > label;
        for (uint32_t i = label; i < stop; i++) {
            letters = letters && hy_pii_letter(t->s[i]);
            digits = digits && hy_pii_digit(t->s[i]);
        }
        if (stop == label || (digits && stop - label < 3))
            break;
        if (dots && letters && stop - label >= 2 && stop - label <= 24)
            good = stop;
        if (c != '.')
            break;
        dots++;
        label = end + 1;
    }
    return good;
}

/* "@", "(at)" or "[at]" at `at`: where the host begins, and where the local part ends. */
static bool at_sign(const struct hy_pii_text *t, uint32_t at, uint32_t *local, uint32_t *host)
{
    *local = at;
    *host = at + 1;
    if (t->s[at] == '@')
        return true;
    if (!hy_pii_is(t, at + 1, at + 3 < t->len ? at + 3 : t->len, "at") ||
        (hy_pii_at(t, at + 3) != ')' && hy_pii_at(t, at + 3) != ']'))
        return false;
    *local = at > 0 && t->s[at - 1] == ' ' ? at - 1 : at;
    *host = at + 4 + (hy_pii_at(t, at + 4) == ' ');
    return true;
}

bool hy_pii_may_be_email(const struct hy_pii_text *t, uint32_t at)
{
    if (t->s[at] == '@')
        return at > t->done && is_local(t->s[at - 1]);
    return (t->s[at] == '(' || t->s[at] == '[') && (hy_pii_at(t, at + 1) | 32) == 'a';
}

bool hy_pii_find_email(const struct hy_pii_text *t, uint32_t at, struct hy_pii_find *find)
{
    uint32_t local, host;
    if (!at_sign(t, at, &local, &host))
        return false;
    uint32_t start = local;
    while (start > t->done && local - start <= 64 && is_local(t->s[start - 1]))
        start--;
    while (start < local && strchr(".'-+%", t->s[start]))
        start++;
    char before = start > 0 ? t->s[start - 1] : ' ';
    uint32_t end = host_end(t, host);
    if (start == local || local - start > 64 || end == host || before == '@' || before == '/' ||
        hy_pii_at(t, end) == '@' || t->s[local - 1] == '.')
        return false;
    if (ONE_OF(t, start, local, roles))
        return false;
    *find = (struct hy_pii_find){start, end, HY_PII_EMAIL};
    return true;
}

/* ---- IBAN ---- */

/* Countries and the length of their IBANs. */
static const char iban_lengths[] =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18"
    "FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21"
    "MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25"
    "SV28TL23TN24TR26UA29VA22VG24XK20";

static uint32_t iban_length(const char *country)
{
    for (const char *at = iban_lengths; *at; at += 4)
        if (at[0] == (country[0] & ~32) && at[1] == (country[1] & ~32))
            return (uint32_t)(at[2] - '0') * 10 + (uint32_t)(at[3] - '0');
    return 0;
}

static uint32_t mod97(uint32_t sum, char c)
{
    return hy_pii_digit(c) ? (sum * 10 + (uint32_t)(c - '0')) % 97
                           : (sum * 100 + (uint32_t)((c & ~32) - 'A') + 10) % 97;
}

/* Where the two letters of a country begin that stand before `at`, of which there are two bytes at
 * least: right before it, or capitals and a space. `at` where there are none. */
static uint32_t country_before(const struct hy_pii_text *t, uint32_t at)
{
    bool apart = t->s[at - 1] == ' ';
    if (apart ? !hy_pii_upper(t->s[at - 2]) : !hy_pii_letter(t->s[at - 1]))
        return at;
    uint32_t start = at - 2 - apart;
    if (at < t->done + 2 + apart || !hy_pii_letter(t->s[start]) ||
        (apart && !hy_pii_upper(t->s[start])) || (start > 0 && hy_pii_alnum(t->s[start - 1])))
        return at;
    return start;
}

enum { IBAN_DIGITS_MIN = 10 }; /* behind the check digits: fewer are words */

/* at: the first check digit, behind the two letters of the country. */
bool hy_pii_find_iban(const struct hy_pii_text *t, uint32_t at, struct hy_pii_find *find)
{
    if (at < t->done + 2 || !hy_pii_digit(hy_pii_at(t, at + 1)))
        return false;
    uint32_t start = country_before(t, at);
    uint32_t length = start < at ? iban_length(t->s + start) : 0;
    uint32_t count = 4, digits = 0, sum = 0, end = at + 2;
    for (; count < length; end++) {
        char c = hy_pii_at(t, end);
        if ((c == ' ' || c == '-') && hy_pii_alnum(hy_pii_at(t, end + 1)))
            continue;
        if (!hy_pii_alnum(c))
            return false;
        sum = mod97(sum, c);
        digits += hy_pii_digit(c);
        count++;
    }
    if (!length || digits < IBAN_DIGITS_MIN || hy_pii_alnum(hy_pii_at(t, end)))
        return false;
    for (uint32_t i = 0; i < 4; i++)
        sum = mod97(sum, t->s[i < 2 ? start + i : at + i - 2]);
    if (sum != 1)
        return false;
    *find = (struct hy_pii_find){start, end, HY_PII_IBAN};
    return true;
}

/* ---- accounts and orders ---- */

static const listed account_words[] = {
    "account",        "acct",        "acc",     "customer", "member",     "membership",
    "client",         "policy",      "patient", "loyalty",  "subscriber", "kundennummer",
    "vertragsnummer", "passenger",   "student", "passport", "ssn",        "kundennr",
    "vertragsnr",     "kontonummer", "kunden",  "vertrags", "kd",         "cliente",
};
static const listed order_words[] = {
    "order",     "orders",         "booking",    "reservation", "confirmation",   "invoice",
    "parcel",    "tracking",       "shipment",   "pnr",         "bestellnummer",  "rechnungsnummer",
    "package",   "purchase",       "bestellnr",  "bestell",     "bestellung",     "rechnungsnr",
    "rechnungs", "auftragsnummer", "auftragsnr", "auftrags",    "sendungsnummer", "sendungsnr",
    "sendungs",  "bestelling",     "commande",   "pedido",      "ordine",
};
static const listed number_words[] = {"number", "no",  "nr",        "num", "n",
                                      "id",     "ref", "reference", "code"};
static const listed number_verbs[] = {"is", "was", "my", "ist"};
static const listed counted[] = {
    "followers", "subscribers", "subs",      "views",   "people",    "customers", "users",
    "points",    "miles",       "dollars",   "usd",     "euros",     "eur",       "pounds",
    "gbp",       "bucks",       "units",     "items",   "times",     "years",     "likes",
    "orders",    "fans",        "employees", "members", "customers", "steps",
};

/* White space, the characters ":=(." and NUL. */
static const uint64_t fillers = HY_PII_BIT(0) | HY_PII_BIT('\t') | HY_PII_BIT('\n') |
                                HY_PII_BIT('\r') | HY_PII_BIT(' ') | HY_PII_BIT(':') |
                                HY_PII_BIT('=') | HY_PII_BIT('(') | HY_PII_BIT('.');

/* How long the numero sign is that ends at `at`, or an n with a degree or ordinal sign; 0: none. */
static uint32_t sign_before(const struct hy_pii_text *t, uint32_t at)
{
    if (at >= 3 && memcmp(t->s + at - 3, "\342\204\226", 3) == 0)
        return 3;
    bool ordinal = at >= 3 && (t->s[at - 3] | 32) == 'n' && t->s[at - 2] == '\302' &&
                   (t->s[at - 1] == '\260' || t->s[at - 1] == '\272');
    return ordinal ? 3 : 0;
}

/* Goes back over what may stand between the word and its number: "# : = -", spaces, "is", "number",
 * "Nr." and the - before it. */
static uint32_t head_before(const struct hy_pii_text *t, uint32_t at, bool *explicit)
{
    for (int steps = 0; steps < 6; steps++) {
        while (at > 0 && hy_pii_in(t->s[at - 1], fillers))
            at--;
        uint32_t sign = at > 0 && t->s[at - 1] == '#' ? 1 : sign_before(t, at);
        if (sign) {
            *explicit = true;
            at -= sign;
            continue;
        }
        uint32_t start = hy_pii_word_before(t, at);
        bool number = ONE_OF(t, start, at, number_words);
        if (!number && !ONE_OF(t, start, at, number_verbs))
            return at;
        *explicit |= number;
        at = start - (number && start > 0 && t->s[start - 1] == '-');
    }
    return at;
}

static bool is_century(const char *year)
{
    return memcmp(year, "19", 2) == 0 || memcmp(year, "20", 2) == 0;
}

/* 2026-2027, 2024-25 */
static bool is_years(const struct hy_pii_text *t, uint32_t start, uint32_t end)
{
    if ((end - start != 9 && end - start != 7) || t->s[start + 4] != '-')
        return false;
    for (uint32_t i = start; i < end; i++)
        if (i != start + 4 && !hy_pii_digit(t->s[i]))
            return false;
    return is_century(t->s + start) && (end - start == 7 || is_century(t->s + start + 5));
}

/* Thousands: more often a count than a number that somebody was given. */
static bool is_round(const struct hy_pii_text *t, uint32_t start, uint32_t end)
{
    for (uint32_t i = start; i < end; i++)
        if (!hy_pii_digit(t->s[i]) || (end - i <= 3 && t->s[i] != '0'))
            return false;
    return true;
}

static bool is_counted(const struct hy_pii_text *t, uint32_t end)
{
    uint32_t start = end + (hy_pii_at(t, end) == ' '), stop = start;
    while (hy_pii_letter(hy_pii_at(t, stop)))
        stop++;
    return stop > start && ONE_OF(t, start, stop, counted);
}

/* Between two digits: a price, a time, a date, a link's port. */
static const uint64_t goes_on =
    HY_PII_BIT(',') | HY_PII_BIT('.') | HY_PII_BIT('/') | HY_PII_BIT(':');

enum { ACCOUNT_BYTES_MAX = 32 }; /* a longer run of letters and digits is no account's number */

bool hy_pii_find_account(const struct hy_pii_text *t, uint32_t at, struct hy_pii_find *find)
{
    uint32_t start = at, end = at, digits = 0;
    while (start > t->done && at - start <= ACCOUNT_BYTES_MAX &&
           (hy_pii_alnum(t->s[start - 1]) || t->s[start - 1] == '-'))
        start--;
    while (start < at && t->s[start] == '-')
        start++;
    while (end - start <= ACCOUNT_BYTES_MAX &&
           (hy_pii_alnum(hy_pii_at(t, end)) ||
            (hy_pii_at(t, end) == '-' && hy_pii_alnum(hy_pii_at(t, end + 1)))))
        end++;
    for (uint32_t i = start; i < end; i++)
        digits += hy_pii_digit(t->s[i]);
    char behind = hy_pii_at(t, end);
    bool explicit = false;
    if (digits < 4 || end - start > ACCOUNT_BYTES_MAX || start == 0 ||
        (hy_pii_in(behind, goes_on) && hy_pii_digit(hy_pii_at(t, end + 1))) || behind == '%' ||
        behind == '@')
        return false;
    uint32_t head = head_before(t, start, &explicit), word = hy_pii_word_before(t, head);
    bool account = ONE_OF(t, word, head, account_words);
    if (!account && !ONE_OF(t, word, head, order_words))
        return false;
    if (digits < (explicit ? 4u : 6u) || is_counted(t, end))
        return false;
    if (!explicit && (is_years(t, start, end) || is_round(t, start, end)))
        return false;
    *find = (struct hy_pii_find){start, end, account ? HY_PII_ACCOUNT : HY_PII_ORDER};
    return true;
}

/* ---- street addresses ---- */

static const listed streets[] = {
    "street",  "st",      "avenue",    "ave",      "road",   "rd",      "lane",    "ln",
    "drive",   "dr",      "boulevard", "blvd",     "court",  "ct",      "way",     "place",
    "pl",      "terrace", "close",     "crescent", "circle", "cir",     "highway", "hwy",
    "parkway", "pkwy",    "square",    "sq",       "trail",  "gardens", "grove",
};
static const listed rues[] = {
    "rue", "avenue", "av", "boulevard", "bd", "chemin", "impasse", "quai", "place", "route",
};
static const listed repeats[] = {"bis", "ter"}; /* of a house number */
static const listed particles[] = {"de", "du", "des", "la", "le", "les", "et", "sur"};
static const listed flats[] = {"apt", "apartment", "unit", "flat", "suite"};
#define HOME_WORDS                                                                              \
    "my address|address is|address|i live|we live|live at|living at|lives at|my house|my home|" \
    "my place|my apartment|my flat|deliver to|delivered to|deliver it to|ship to|shipped to|"   \
    "ship it to|sent to|send it to|moved to|i am at|i'm at|home at|house at|apartment at"

static bool is_postcode(const struct hy_pii_text *t, uint32_t at)
{
    uint32_t end = at;
    while (end - at <= 5 && hy_pii_digit(hy_pii_at(t, end)))
        end++;
    if (end - at == 5 && !hy_pii_alnum(hy_pii_at(t, end)) && hy_pii_at(t, end) != '%')
        return at > 3 && t->s[at - 1] == ' ' && hy_pii_upper(t->s[at - 2]) &&
               hy_pii_upper(t->s[at - 3]) && !hy_pii_alnum(t->s[at - 4]);
    /* Britain: the inner half is a digit and two letters, the outer one ends before the space */
    return end - at == 1 && hy_pii_upper(hy_pii_at(t, end)) &&
           hy_pii_upper(hy_pii_at(t, end + 1)) && !hy_pii_alnum(hy_pii_at(t, end + 2)) && at > 2 &&
           t->s[at - 1] == ' ' && hy_pii_alnum(t->s[at - 2]) &&
           (hy_pii_digit(t->s[at - 2]) || hy_pii_digit(t->s[at - 3]));
}

/* A flat's number or a postcode within reach behind the street. */
static bool is_home_behind(const struct hy_pii_text *t, uint32_t end)
{
    uint32_t limit = end + 48 < t->len ? end + 48 : t->len;
    for (uint32_t i = end; i < limit; i++) {
        if (t->s[i] == '\n')
            return false;
        if (hy_pii_digit(t->s[i]) && is_postcode(t, i))
            return true;
        if (i - end >= 6 || hy_pii_alnum(t->s[i - 1]))
            continue;
        uint32_t stop = i;
        while (hy_pii_letter(hy_pii_at(t, stop)))
            stop++;
        if (ONE_OF(t, i, stop, flats))
            return true;
    }
    return false;
}

/* Capitalised words behind the house number, the last of them a kind of street. */
static uint32_t street_end(const struct hy_pii_text *t, uint32_t at)
{
    for (int words = 0; words < 5 && hy_pii_at(t, at) == ' '; words++) {
        uint32_t start = at + 1, end = start;
        while (hy_pii_alnum(hy_pii_at(t, end)) || hy_pii_at(t, end) == '\'')
            end++;
        if (end == start || !(hy_pii_upper(t->s[start]) || hy_pii_digit(t->s[start])))
            return 0;
        if (words > 0 && ONE_OF(t, start, end, streets))
            return end;
        at = end + (hy_pii_at(t, end) == '.');
    }
    return 0;
}

/* A word of a French street from start on: letters of any script, - and ' in it. */
static uint32_t rue_word_end(const struct hy_pii_text *t, uint32_t start, bool *name)
{
    uint32_t end = start;
    *name = false;
    for (char c = hy_pii_at(t, end);
         hy_pii_letter(c) || (unsigned char)c >= 0x80 || (end > start && (c == '-' || c == '\''));
         c = hy_pii_at(t, ++end))
        *name |= hy_pii_upper(c) ||
                 ((unsigned char)c >= 0x80 && (end == start || t->s[end - 1] == '\''));
    *name = *name && end > start + 1;
    return end;
}

/* 12 rue de Rivoli, 5 bis, avenue Foch: the kind comes first, a name last; at is the end of the
 * house number. */
static uint32_t rue_end(const struct hy_pii_text *t, uint32_t at)
{
    uint32_t street = 0;
    bool kind = false, name;
    for (int words = 0; words < 7; words++) {
        at += !kind && hy_pii_at(t, at) == ',';
        uint32_t start = at + 1;
        at = rue_word_end(t, start, &name);
        if (hy_pii_at(t, start - 1) != ' ' || at == start)
            break;
        if (kind && name)
            street = at;
        else if (!kind && ONE_OF(t, start, at, rues))
            kind = true;
        else if (kind ? !ONE_OF(t, start, at, particles) : !ONE_OF(t, start, at, repeats))
            break;
    }
    return street;
}

/* Behind the street: ", Apt 5B", " flat 3"; the street's end if there is none. */
static uint32_t flat_end(const struct hy_pii_text *t, uint32_t street)
{
    uint32_t at = street + (hy_pii_at(t, street) == '.');
    at += hy_pii_at(t, at) == ',';
    uint32_t word = at + (hy_pii_at(t, at) == ' '), end = word;
    while (hy_pii_letter(hy_pii_at(t, end)))
        end++;
    if (word == at || !ONE_OF(t, word, end, flats))
        return street;
    end += hy_pii_at(t, end) == '.';
    end += hy_pii_at(t, end) == ' ';
    uint32_t number = end + (hy_pii_at(t, end) == '#'), stop = number;
    while (hy_pii_alnum(hy_pii_at(t, stop)))
        stop++;
    bool numbered = stop - number == 1 || hy_pii_digit(hy_pii_at(t, number));
    return numbered && stop > number && stop - number <= 5 ? stop : street;
}

/* Hauptstraße 12, 10115 Berlin: at is the house number. */
static bool find_german(const struct hy_pii_text *t, uint32_t at, uint32_t end,
                        struct hy_pii_find *find)
{
    static const char *const kinds[] = {"stra\303\237e", "strasse", "str.",
                                        "weg",           "platz",   "allee"};
    uint32_t code = end + (hy_pii_at(t, end) == ','), digits = 0;
    code += hy_pii_at(t, code) == ' ';
    while (hy_pii_digit(hy_pii_at(t, code + digits)))
        digits++;
    if (at < 6 || t->s[at - 1] != ' ' || digits != 5 || hy_pii_at(t, code + 5) != ' ' ||
        !hy_pii_upper(hy_pii_at(t, code + 6)))
        return false;
    uint32_t start = at - 1;
    while (start > t->done && t->s[start - 1] != ' ' && t->s[start - 1] != '\n')
        start--;
    bool street = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t len = strlen(kinds[i]);
        street |= at - 1 - start > len && memcmp(t->s + at - 1 - len, kinds[i], len) == 0;
    }
    if (!street)
        return false;
    *find = (struct hy_pii_find){start, code + 5, HY_PII_ADDRESS};
    return true;
}

/* Before a number that is no house's. */
static const uint64_t no_house = HY_PII_BIT(0) | HY_PII_BIT('#') | HY_PII_BIT('$') |
                                 HY_PII_BIT('-') | HY_PII_BIT('.') | HY_PII_BIT('/') |
                                 HY_PII_BIT(',');

bool hy_pii_find_address(const struct hy_pii_text *t, uint32_t at, struct hy_pii_find *find)
{
    uint32_t end = at;
    while (hy_pii_digit(hy_pii_at(t, end)))
        end++;
    if (at > 0 && (hy_pii_alnum(t->s[at - 1]) || hy_pii_in(t->s[at - 1], no_house)))
        return false;
    if (end - at > 5 || t->s[at] == '0')
        return false;
    end += hy_pii_letter(hy_pii_at(t, end)) && !hy_pii_alnum(hy_pii_at(t, end + 1));
    if (hy_pii_at(t, end) != ' ' && hy_pii_at(t, end) != ',')
        return false;
    if (find_german(t, at, end, find))
        return true;
    uint32_t street = street_end(t, end);
    bool french = !street && (street = rue_end(t, end)) > 0;
    if (!street ||
        !(hy_pii_said_before(t, at, 40, HOME_WORDS) || (!french && is_home_behind(t, street))))
        return false;
    *find = (struct hy_pii_find){at, flat_end(t, street), HY_PII_ADDRESS};
    return true;
}
