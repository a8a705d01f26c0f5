// The same job as people write it in Node.js: parse each post, look for all phrases at once with an
// Aho-Corasick automaton (letters of ASCII in any case), and, with --sentiment, score the texts that
// hit: with the npm package "sentiment" when it is installed (NODE_PATH), else with the short list of
// words below. Prints {"posts", "hits", "sentiment"}: by what it scored.
//
// usage: node aho.js PHRASES [--sentiment] < posts.ndjson
'use strict';
const fs = require('fs');
const readline = require('readline');

function build(phrases) {
  const next = [new Map()], fail = [0], end = [false];
  for (const phrase of phrases) {
    let state = 0;
    for (let i = 0; i < phrase.length; i++) {
      const c = lower(phrase.charCodeAt(i));
      let to = next[state].get(c);
      if (to === undefined) {
        to = next.length;
        next.push(new Map());
        fail.push(0);
        end.push(false);
        next[state].set(c, to);
      }
      state = to;
    }
    end[state] = true;
  }
  const queue = [...next[0].values()];
  for (let at = 0; at < queue.length; at++) {
    const state = queue[at];
    for (const [c, to] of next[state]) {
      let f = fail[state];
      while (f !== 0 && !next[f].has(c)) f = fail[f];
      const target = next[f].get(c);
      fail[to] = target === undefined ? 0 : target;
      end[to] = end[to] || end[fail[to]];
      queue.push(to);
    }
  }
  return {next, fail, end};
}

function lower(c) {
  return c >= 65 && c <= 90 ? c + 32 : c === 10 || c === 13 ? 32 : c;
}

function hit(automaton, text) {
  const {next, fail, end} = automaton;
  let state = 0;
  for (let i = 0; i < text.length; i++) {
    const c = lower(text.charCodeAt(i));
    let to = next[state].get(c);
    while (to === undefined && state !== 0) {
      state = fail[state];
      to = next[state].get(c);
    }
    state = to === undefined ? 0 : to;
    if (end[state]) return true;
  }
  return false;
}

const WORDS = {
  good: 3, great: 3, love: 3, thanks: 2, thank: 2, best: 3, happy: 3, nice: 3, awesome: 4, perfect: 3,
  bad: -3, worst: -3, hate: -3, broken: -1, terrible: -3, awful: -3, slow: -2, down: -1, issue: -1,
  problem: -2, angry: -3, sad: -2, never: -1, wrong: -2, fail: -2, refund: -1, useless: -2, no: -1,
};

function scorer() {
  try {
    const Sentiment = require('sentiment');
    const sentiment = new Sentiment();
    return {name: 'sentiment (npm)', score: (text) => sentiment.analyze(text).score};
  } catch (error) {
    const score = (text) => {
      let sum = 0;
      for (const word of text.toLowerCase().split(/[^a-z']+/)) sum += WORDS[word] || 0;
      return sum;
    };
    return {name: `a list of ${Object.keys(WORDS).length} words`, score};
  }
}

const phrases = fs.readFileSync(process.argv[2], 'utf8').split('\n').filter((line) => line !== '');
const automaton = build(phrases);
const sentiment = process.argv[3] === '--sentiment' ? scorer() : null;
let posts = 0, hits = 0, sum = 0;
readline.createInterface({input: process.stdin, crlfDelay: Infinity})
  .on('line', (line) => {
    const text = JSON.parse(line).text || '';  // a delete has none
    posts++;
    if (!hit(automaton, text)) return;
    hits++;
    if (sentiment) sum += sentiment.score(text);
  })
  .on('close', () => {
    console.log(JSON.stringify({posts, hits, sentiment: sentiment && sentiment.name, sum}));
  });
