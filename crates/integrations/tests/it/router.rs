mod admin;
mod bed;
mod change;
mod choice;
mod failure;
mod protocol;
