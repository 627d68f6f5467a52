export class CancelScope {
  isEffectivelyCancelled(): boolean {
    return false;
  }
}
