/**
 * The oracle: plain Java loops in double, rounded when stored, for every primitive in F32 and F64
 * by one code path that reads like the formula. Runs on every platform. Memory is on the Java heap
 * and goes with its arena; execution is immediate and single-threaded.
 */
package dev.blindspot.engine.reference;
