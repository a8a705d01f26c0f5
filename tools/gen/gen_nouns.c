/*
 * What the phrases of rules are made of: nouns of eight industries and a few common words that end
 * them ("router down", "old sim card problem"). Few ends and many beginnings: as in the sets that
 * people write, the last word of a phrase is common and tells little.
 */
#include "gen_world.h"

const char *const gen_industry_names[GEN_INDUSTRIES] = {
    "Mobile", "Air", "Market", "Cloud", "Bank", "Energy", "Kitchen", "Motors",
};

static const char *const telecom[] = {
    "router",    "modem",        "sim card",   "voicemail", "roaming",   "broadband",  "fiber",
    "hotspot",   "landline",     "coverage",   "tower",     "data plan", "prepaid",    "texting",
    "caller id", "wifi box",     "mesh",       "antenna",   "latency",   "upload",     "download",
    "port out",  "handset",      "esim",       "4g",        "5g",        "phone line", "dsl",
    "cable tv",  "channel list", "speed test", "bandwidth", "dial tone", NULL};
static const char *const airline[] = {
    "flight",      "boarding pass",  "luggage",    "carry on",   "gate change",    "seat map",
    "check in",    "lounge",         "layover",    "connection", "upgrade",        "cabin crew",
    "pilot",       "rebooking",      "standby",    "miles",      "frequent flyer", "overhead bin",
    "aisle seat",  "legroom",        "runway",     "boarding",   "takeoff",        "suitcase",
    "stroller",    "wheelchair",     "visa check", "kiosk",      "redeye",         "stopover",
    "airport bus", "travel voucher", NULL};
static const char *const retail[] = {
    "parcel",        "courier",       "checkout",   "gift card",    "voucher",
    "size chart",    "returns desk",  "sneaker",    "jacket",       "washing machine",
    "toaster",       "mattress",      "headphones", "loyalty card", "coupon code",
    "self checkout", "shopping cart", "locker",     "warehouse",    "price tag",
    "stock",         "catalogue",     "fridge",     "sofa bed",     "lamp shade",
    "blender",       "vacuum",        "dress",      "raincoat",     "toy set",
    "bookshelf kit", "air fryer",     NULL};
static const char *const saas[] = {"dashboard",     "login",
                                   "api",           "webhook",
                                   "export",        "import",
                                   "invoice pdf",   "single sign on",
                                   "two factor",    "password reset",
                                   "sync",          "backup",
                                   "sandbox",       "billing portal",
                                   "sdk",           "plugin",
                                   "notification",  "workspace",
                                   "admin panel",   "audit log",
                                   "dark mode",     "search index",
                                   "uploader",      "rate limit",
                                   "migration",     "integration",
                                   "calendar sync", "report builder",
                                   "csv upload",    "mobile app",
                                   "desktop app",   "browser extension",
                                   "editor",        NULL};
static const char *const bank[] = {"debit card",
                                   "credit card",
                                   "overdraft",
                                   "mortgage",
                                   "atm",
                                   "wire transfer",
                                   "standing order",
                                   "savings",
                                   "cash machine",
                                   "card reader",
                                   "cheque deposit",
                                   "pin code",
                                   "contactless",
                                   "branch",
                                   "loan",
                                   "exchange rate",
                                   "statement",
                                   "direct deposit",
                                   "fraud alert",
                                   "account lock",
                                   "paycheck",
                                   "budget tool",
                                   "interest rate",
                                   "foreign transfer",
                                   "joint account",
                                   "credit limit",
                                   "escrow",
                                   "banking app",
                                   "top up",
                                   "virtual card",
                                   NULL};
static const char *const energy[] = {
    "smart meter", "meter reading",    "boiler",      "heating",
    "power cut",   "tariff",           "solar panel", "heat pump",
    "hot water",   "gas line",         "thermostat",  "prepay meter",
    "radiator",    "engineer visit",   "voltage",     "grid",
    "inverter",    "water pressure",   "drain",       "sewer",
    "leak repair", "fuse box",         "night rate",  "power line",
    "transformer", "charging station", "wall box",    "street light",
    NULL};
static const char *const food[] = {
    "burger",         "delivery app", "drive thru",    "salad",
    "sandwich",       "milkshake",    "coffee cup",    "order screen",
    "meal deal",      "kids menu",    "driver",        "tip jar",
    "fries",          "sauce",        "pizza box",     "chicken wrap",
    "vegan menu",     "allergy list", "table booking", "soup",
    "breakfast menu", "happy meal",   "lunch box",     "grocery basket",
    "frozen pea",     "yoghurt",      "oat milk",      NULL};
static const char *const motors[] = {"brake",
                                     "airbag",
                                     "battery pack",
                                     "charging cable",
                                     "infotainment",
                                     "gearbox",
                                     "windscreen",
                                     "wiper",
                                     "door handle",
                                     "key fob",
                                     "tyre pressure",
                                     "lane assist",
                                     "seat belt",
                                     "sunroof",
                                     "software update",
                                     "range estimate",
                                     "head unit",
                                     "parking sensor",
                                     "rear camera",
                                     "trunk lid",
                                     "dealer",
                                     "test drive",
                                     "recall letter",
                                     "leasing",
                                     "oil light",
                                     "clutch",
                                     "heated seat",
                                     "cruise control",
                                     "steering",
                                     "headlight",
                                     NULL};

const char *const *const gen_industry_nouns[GEN_INDUSTRIES] = {telecom, airline, retail, saas,
                                                               bank,    energy,  food,   motors};

const char *const gen_common_nouns[] = {"app",
                                        "website",
                                        "order",
                                        "account",
                                        "refund",
                                        "delivery",
                                        "payment",
                                        "hotline",
                                        "chat",
                                        "agent",
                                        "call center",
                                        "subscription",
                                        "contract",
                                        "warranty",
                                        "replacement",
                                        "manager",
                                        "newsletter",
                                        "survey",
                                        "email",
                                        "password",
                                        "update",
                                        "membership",
                                        "discount",
                                        "technician",
                                        "complaint form",
                                        "tracking number",
                                        "phone number",
                                        "customer portal",
                                        "ticket",
                                        "receipt",
                                        NULL};

const char *const gen_modifiers[] = {
    "new",     "old",     "home",   "office",    "cheap",       "family",  "business", "second",
    "free",    "spare",   "local",  "online",    "weekend",     "student", "premium",  "basic",
    "digital", "monthly", "annual", "temporary", "refurbished", "express", "wireless", "portable",
    "joint",   "guest",   "night",  "early",     NULL};

static const char *const outage[] = {"down",   "outage",  "not working", "offline",     "error",
                                     "broken", "problem", "issue",       "dead",        "failure",
                                     "slow",   "crashed", "frozen",      "unavailable", NULL};
static const char *const billing[] = {"bill",    "charge",   "fee",    "price",      "cost",
                                      "payment", "invoice",  "refund", "overcharge", "wrong",
                                      "twice",   "increase", NULL};
static const char *const praise[] = {"works",   "great",   "perfect",   "rocks", "service", "love",
                                     "amazing", "upgrade", "brilliant", "best",  "fixed",   NULL};
static const char *const howto[] = {"help",   "setup",  "question", "settings", "support", "guide",
                                    "number", "manual", "info",     "options",  "change",  NULL};
static const char *const delivery[] = {"late",    "missing",       "lost",      "delay",
                                       "delayed", "never arrived", "damaged",   "tracking",
                                       "order",   "today",         "cancelled", NULL};
static const char *const churn[] = {"contract",    "cancelled",  "switch",  "cancellation",
                                    "alternative", "competitor", "expired", "end",
                                    "over",        "again",      NULL};
static const char *const safety[] = {"fire",        "smoke", "burning", "exploded",
                                     "overheating", "shock", "recall",  "injury",
                                     "leak",        "hot",   NULL};
static const char *const legal[] = {"lawsuit",   "lawyer", "fraud",   "scam",   "court",
                                    "complaint", "claim",  "privacy", "breach", NULL};

const char *const *const gen_theme_tails[GEN_PHRASE_THEMES] = {
    [GEN_THEME_OUTAGE] = outage, [GEN_THEME_BILLING] = billing,   [GEN_THEME_PRAISE] = praise,
    [GEN_THEME_HOWTO] = howto,   [GEN_THEME_DELIVERY] = delivery, [GEN_THEME_CHURN] = churn,
    [GEN_THEME_SAFETY] = safety, [GEN_THEME_LEGAL] = legal,
};

const char *const gen_care_words[] = {"callback", "escalate",      "supervisor", "followup",
                                      "hotfix",   "reimbursement", "grievance",  NULL};

static const char *const avoid_spam[] = {"giveaway", "retweet",    "airdrop",
                                         "promo",    "followback", NULL};
static const char *const avoid_jobs[] = {"internship", "recruiter", "vacancy", "apprentice", NULL};
static const char *const avoid_fiction[] = {"fanfic",  "lyrics", "horoscope",
                                            "cosplay", "trivia", NULL};
static const char *const avoid_stocks[] = {"dividend", "shareholder", "earnings call", "ticker",
                                           NULL};
const char *const *const gen_avoid_words[GEN_AVOID_GROUPS] = {avoid_spam, avoid_jobs, avoid_fiction,
                                                              avoid_stocks};
